package io.tokenwise.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.tokenwise.model.Pooling;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/**
 * A sentence encoder in ONNX Runtime, used as well as its Java API allows: direct buffers that are filled again and again, for the result
 * too. Pooling and normalisation are not in the graph and are done here. Thread-safe; its callers are not.
 */
final class OrtModel implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final String precision;
    private final OrtSession session;
    private final String output;
    private final int mostTokens;
    private final int hidden;
    private final Pooling pooling;

    private OrtModel(String precision, OrtSession session, int mostTokens, int hidden, Pooling pooling) {
        this.precision = precision;
        this.session = session;
        this.mostTokens = mostTokens;
        this.hidden = hidden;
        this.pooling = pooling;
        output = session.getOutputNames().iterator().next();
    }

    /**
     * MiniLM from the class path.
     *
     * @param precision {@code f32} or {@code int8}
     * @param threads within one operation
     */
    static OrtModel miniLm(String precision, int threads) throws IOException, OrtException {
        String resource = precision.equals("f32") ? "all-minilm-l6-v2.onnx" : "all-minilm-l6-v2-q.onnx";
        // From a file, as ours reads its weights: bytes on the heap would count for its memory.
        Path file = Files.createTempFile("tokenwise-ort-", ".onnx");
        try (InputStream in = OrtModel.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                throw new IOException(resource + " is not on the class path");
            }
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
            return of(file, precision, threads, 256, 384, Pooling.MEAN);
        } finally {
            Files.delete(file);
        }
    }

    /**
     * A graph of the same inputs and of one output.
     *
     * @param precision what it computes in
     * @param pooling MEAN or FIRST
     */
    static OrtModel of(Path graph, String precision, int threads, int mostTokens, int hidden, Pooling pooling)
            throws OrtException {
        try (OrtSession.SessionOptions options = options(threads)) {
            OrtSession session = OrtEnvironment.getEnvironment().createSession(graph.toString(), options);
            return new OrtModel(precision, session, mostTokens, hidden, pooling);
        }
    }

    private static OrtSession.SessionOptions options(int threads) throws OrtException {
        var options = new OrtSession.SessionOptions();
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        options.setIntraOpNumThreads(threads);
        options.setInterOpNumThreads(1);
        // Its threads spin while a call runs, as is its default, but not into the next contender's turn.
        options.addConfigEntry("session.force_spinning_stop", "1");
        return options;
    }

    static String version() {
        return OrtEnvironment.getEnvironment().getVersion();
    }

    /** Batches of texts of like length, its best. */
    Contender sorted() {
        return contender("", "", PaddedBatches.BY_LENGTH, false);
    }

    /** Batches of texts as they come. */
    Contender arrival() {
        return contender("-arrival", ", as they come", PaddedBatches.ARRIVAL, true);
    }

    private Contender contender(String nameEnd, String labelEnd, PaddedBatches batches, boolean onlyLists) {
        return new Contender(
                "onnxruntime-" + precision + nameEnd,
                "ONNX Runtime " + precision + labelEnd,
                "onnxruntime",
                "dense",
                1,
                "cpu",
                precision,
                precision.equals("f32"),
                onlyLists,
                _ -> 1,
                () -> {
                    var buffers = new Buffers(batches.size());
                    return texts -> batches.encode(texts, buffers::run);
                });
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** One caller's inputs and result. */
    private final class Buffers {
        private final LongBuffer ids;
        private final LongBuffer mask;
        private final LongBuffer types;
        private final FloatBuffer tokens;
        private final float[] token = new float[hidden];

        Buffers(int texts) {
            int positions = texts * mostTokens;
            ids = direct(positions * Long.BYTES).asLongBuffer();
            mask = direct(positions * Long.BYTES).asLongBuffer();
            types = direct(positions * Long.BYTES).asLongBuffer();
            tokens = direct(positions * hidden * Float.BYTES).asFloatBuffer();
        }

        void run(List<int[]> texts, int[] order, int from, int to, int length, float[][] vectors) {
            for (int i = from; i < to; i++) {
                int[] text = texts.get(order[i]);
                int at = (i - from) * length;
                for (int t = 0; t < length; t++) {
                    ids.put(at + t, t < text.length ? text[t] : 0);
                    mask.put(at + t, t < text.length ? 1 : 0);
                }
            }
            long[] shape = {to - from, length};
            int positions = (to - from) * length;
            FloatBuffer result = tokens.slice(0, positions * hidden);
            try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, ids.slice(0, positions), shape);
                    OnnxTensor maskTensor = OnnxTensor.createTensor(environment, mask.slice(0, positions), shape);
                    OnnxTensor typeTensor = OnnxTensor.createTensor(environment, types.slice(0, positions), shape);
                    OnnxTensor resultTensor =
                            OnnxTensor.createTensor(environment, result, new long[] {to - from, length, hidden});
                    OrtSession.Result _ = session.run(
                            Map.of("input_ids", idTensor, "attention_mask", maskTensor, "token_type_ids", typeTensor),
                            Map.of(output, resultTensor))) {
                for (int i = from; i < to; i++) {
                    int count = pooling == Pooling.FIRST ? 1 : texts.get(order[i]).length;
                    vectors[order[i]] = mean((i - from) * length, count);
                }
            } catch (OrtException e) {
                throw new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
            }
        }

        /** Mean of so many token vectors, scaled to length 1. */
        private float[] mean(int first, int count) {
            var vector = new float[hidden];
            for (int t = 0; t < count; t++) {
                tokens.get((first + t) * hidden, token);
                for (int i = 0; i < hidden; i++) {
                    vector[i] += token[i];
                }
            }
            double squares = 0;
            for (float value : vector) {
                squares += (double) value * value;
            }
            float scale = (float) (1 / Math.sqrt(squares));
            for (int i = 0; i < hidden; i++) {
                vector[i] *= scale;
            }
            return vector;
        }
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
