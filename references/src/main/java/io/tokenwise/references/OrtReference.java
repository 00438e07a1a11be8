package io.tokenwise.references;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model of one family in ONNX Runtime, by a graph that is written apart from {@link Reference}'s program. Thread-safe. */
public final class OrtReference implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    private OrtReference(byte[] graph) throws OrtException {
        try (OrtSession.SessionOptions options = oneThread()) {
            session = environment.createSession(graph, options);
        }
    }

    private OrtReference(String file) throws OrtException {
        try (OrtSession.SessionOptions options = oneThread()) {
            session = environment.createSession(file, options);
        }
    }

    private static OrtSession.SessionOptions oneThread() throws OrtException {
        var options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(1);
        options.setInterOpNumThreads(1);
        return options;
    }

    /** In float32, with every layer's result. */
    public static OrtReference of(RandomModel model) throws IOException {
        return open(model, OrtGraphs.of(model, false, true).toByteArray());
    }

    /** With products of bytes, as ONNX Runtime's own tool makes them; its last result alone. */
    public static OrtReference int8(RandomModel model) throws IOException {
        return open(model, graph(model, true));
    }

    /** The graph that gives {@code last [batch, tokens, hidden]} alone, for runs that measure time. */
    public static byte[] graph(RandomModel model, boolean int8) throws IOException {
        return OrtGraphs.of(model, int8, false).toByteArray();
    }

    /** Writes that graph into a file: of a large model there need not be room for it a third time. */
    public static void write(RandomModel model, boolean int8, Path file) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            OrtGraphs.of(model, int8, false).writeTo(out);
        }
    }

    /** A graph that {@link #write} has written. */
    public static OrtReference open(Path file) throws IOException {
        try {
            return new OrtReference(file.toString());
        } catch (OrtException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static OrtReference open(RandomModel model, byte[] graph) throws IOException {
        try {
            return new OrtReference(graph);
        } catch (OrtException e) {
            throw new IOException(model.family() + ": " + e.getMessage(), e);
        }
    }

    /** Texts as one batch, the shorter ones padded with token {@code pad}; types may be left out. */
    public List<Result> run(int pad, List<int[]> texts, List<int[]> types) {
        int length = texts.stream().mapToInt(text -> text.length).max().orElse(0);
        return run(pad, length, texts, types, texts.stream().map(text -> text.length).toList());
    }

    /** A text padded to a length, with what comes out of the padding, which no token sees. */
    public Result runPadded(int pad, int length, int... text) {
        return run(pad, length, List.of(text), List.of(), List.of(length)).getFirst();
    }

    private List<Result> run(int pad, int length, List<int[]> texts, List<int[]> types, List<Integer> wanted) {
        var ids = new long[texts.size() * length];
        var mask = new long[ids.length];
        var kinds = new long[ids.length];
        for (int i = 0; i < texts.size(); i++) {
            for (int t = 0; t < length; t++) {
                boolean real = t < texts.get(i).length;
                ids[i * length + t] = real ? texts.get(i)[t] : pad;
                mask[i * length + t] = real ? 1 : 0;
                kinds[i * length + t] = real && !types.isEmpty() ? types.get(i)[t] : 0;
            }
        }
        long[] shape = {texts.size(), length};
        try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), shape);
                OnnxTensor maskTensor = OnnxTensor.createTensor(environment, LongBuffer.wrap(mask), shape);
                OnnxTensor typeTensor = OnnxTensor.createTensor(environment, LongBuffer.wrap(kinds), shape)) {
            var inputs = Map.of("input_ids", idTensor, "attention_mask", maskTensor, "token_type_ids", typeTensor);
            return results(inputs, wanted);
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    public Result run(float[] samples) {
        try (OnnxTensor input =
                OnnxTensor.createTensor(environment, FloatBuffer.wrap(samples), new long[] {1, samples.length})) {
            return results(Map.of("input_values", input), List.of(Integer.MAX_VALUE))
                    .getFirst();
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<Result> results(Map<String, OnnxTensor> inputs, List<Integer> lengths) throws OrtException {
        var taken = new LinkedHashMap<>(inputs);
        taken.keySet().retainAll(session.getInputNames());
        List<Result> results = new ArrayList<>();
        try (OrtSession.Result outputs = session.run(taken)) {
            for (int i = 0; i < lengths.size(); i++) {
                var parts = new LinkedHashMap<String, float[][]>();
                for (var output : outputs) {
                    float[][] rows = ((float[][][]) output.getValue().getValue())[i];
                    parts.put(output.getKey(), Arrays.copyOf(rows, Math.min(rows.length, lengths.get(i))));
                }
                results.add(new Result(parts));
            }
        }
        return results;
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }
}
