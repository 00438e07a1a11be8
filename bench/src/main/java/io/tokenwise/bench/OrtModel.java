package io.tokenwise.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Map;

/**
 * A sentence encoder in ONNX Runtime, used as well as its Java API allows: direct buffers that are filled again and again, for the result
 * too, batches of texts of like length. Pooling and normalisation are not in the graph and are done here. Not thread-safe.
 */
final class OrtModel implements AutoCloseable {
    /** Texts that are padded to one length and run together. */
    static final int BATCH = 8;

    private static final int MAX_TOKENS = 256;
    private static final int HIDDEN = 384;

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final String output;
    private final LongBuffer ids = longs();
    private final LongBuffer mask = longs();
    private final LongBuffer types = longs();
    private final FloatBuffer tokens = ByteBuffer.allocateDirect(BATCH * MAX_TOKENS * HIDDEN * Float.BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    private final float[] token = new float[HIDDEN];

    /** Loads a model from the class path. */
    OrtModel(String resource, int threads) throws IOException, OrtException {
        try (InputStream in = OrtModel.class.getClassLoader().getResourceAsStream(resource);
                OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            if (in == null) {
                throw new IOException(resource + " is not on the class path");
            }
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            // Its threads spin while a call runs, as is its default, but not into the next contender's turn.
            options.addConfigEntry("session.force_spinning_stop", "1");
            session = environment.createSession(in.readAllBytes(), options);
            output = session.getOutputNames().iterator().next();
        }
    }

    static String version() {
        return OrtEnvironment.getEnvironment().getVersion();
    }

    private static LongBuffer longs() {
        return ByteBuffer.allocateDirect(BATCH * MAX_TOKENS * Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .asLongBuffer();
    }

    Contender contender(String label, String precision) {
        return new Contender(label, "onnxruntime", "dense", 1, "cpu", precision, precision.equals("f32"), this::encode);
    }

    /** The vectors of texts, which should be ordered by length. */
    float[][] encode(List<int[]> texts) {
        var vectors = new float[texts.size()][HIDDEN];
        try {
            for (int from = 0; from < vectors.length; from += BATCH) {
                run(texts, from, Math.min(vectors.length, from + BATCH), vectors);
            }
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
        }
        return vectors;
    }

    private void run(List<int[]> texts, int from, int to, float[][] vectors) throws OrtException {
        int length = 0;
        for (int i = from; i < to; i++) {
            length = Math.max(length, texts.get(i).length);
        }
        for (int i = from; i < to; i++) {
            int[] text = texts.get(i);
            int at = (i - from) * length;
            for (int t = 0; t < length; t++) {
                ids.put(at + t, t < text.length ? text[t] : 0);
                mask.put(at + t, t < text.length ? 1 : 0);
            }
        }
        long[] shape = {to - from, length};
        int positions = (to - from) * length;
        FloatBuffer result = tokens.slice(0, positions * HIDDEN);
        try (OnnxTensor idTensor = OnnxTensor.createTensor(environment, ids.slice(0, positions), shape);
                OnnxTensor maskTensor = OnnxTensor.createTensor(environment, mask.slice(0, positions), shape);
                OnnxTensor typeTensor = OnnxTensor.createTensor(environment, types.slice(0, positions), shape);
                OnnxTensor resultTensor =
                        OnnxTensor.createTensor(environment, result, new long[] {to - from, length, HIDDEN});
                OrtSession.Result _ = session.run(
                        Map.of("input_ids", idTensor, "attention_mask", maskTensor, "token_type_ids", typeTensor),
                        Map.of(output, resultTensor))) {
            for (int i = from; i < to; i++) {
                pool((i - from) * length, texts.get(i).length, vectors[i]);
            }
        }
    }

    /** Mean of a text's token vectors, scaled to length 1. */
    private void pool(int first, int count, float[] vector) {
        for (int t = 0; t < count; t++) {
            tokens.get((first + t) * HIDDEN, token);
            for (int i = 0; i < HIDDEN; i++) {
                vector[i] += token[i];
            }
        }
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        float scale = (float) (1 / Math.sqrt(squares));
        for (int i = 0; i < HIDDEN; i++) {
            vector[i] *= scale;
        }
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
