package io.tokenwise.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Moonshine in ONNX Runtime, as the npm package's own code runs it: greedy, with its branch for kept keys and values. */
final class OrtMoonshine implements SpeechContender, AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession encoder;
    private final OrtSession decoder;
    private final String name;

    /** @param floats whether activations stay floats; see {@link FloatGraph} */
    OrtMoonshine(Path folder, boolean floats, int threads) throws IOException, OrtException {
        name = "ONNX Runtime " + (floats ? "float32" : "int8");
        var options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(threads);
        options.setInterOpNumThreads(1);
        options.addConfigEntry("session.intra_op.allow_spinning", "0");
        // Its fusion of DequantizeLinear with MatMul does not find the scale outside of the decoder's branches, and
        // fails.
        options.addConfigEntry("session.disable_quant_qdq", "1");
        options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
        byte[] first = Files.readAllBytes(folder.resolve("encoder_model.onnx"));
        byte[] second = Files.readAllBytes(folder.resolve("decoder_model_merged.onnx"));
        encoder = environment.createSession(floats ? FloatGraph.of(first) : first, options);
        decoder = environment.createSession(floats ? FloatGraph.of(second) : second, options);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void encode(float[] samples) {
        try (OnnxTensor input = OnnxTensor.createTensor(environment, new float[][] {samples});
                OrtSession.Result _ = encoder.run(Map.of("input_values", input))) {
            // Frames stay where they are.
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public int write(float[] samples) {
        try {
            return write(samples, MoonshineArchitecture.mostTokens(samples.length))
                    .size();
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The encoder's frames. */
    float[][] frames(float[] samples) throws OrtException {
        try (OnnxTensor input = OnnxTensor.createTensor(environment, new float[][] {samples});
                OrtSession.Result result = encoder.run(Map.of("input_values", input))) {
            return ((float[][][]) result.get(0).getValue())[0];
        }
    }

    /** Token ids, without those that begin and end the text. */
    List<Integer> write(float[] samples, int mostTokens) throws OrtException {
        var tokens = new ArrayList<Integer>();
        var open = new ArrayList<AutoCloseable>();
        try (OnnxTensor input = OnnxTensor.createTensor(environment, new float[][] {samples});
                OrtSession.Result encoded = encoder.run(Map.of("input_values", input))) {
            Map<String, OnnxTensor> inputs = new HashMap<>();
            inputs.put("encoder_hidden_states", (OnnxTensor) encoded.get(0));
            for (String name : decoder.getInputNames()) {
                if (name.startsWith("past_key_values")) {
                    inputs.put(name, nothing(name));
                }
            }
            long token = 1;
            for (int step = 0; step < mostTokens; step++) {
                inputs.put(
                        "input_ids",
                        OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[] {token}), new long[] {1, 1}));
                inputs.put("use_cache_branch", OnnxTensor.createTensor(environment, new boolean[] {step > 0}));
                OrtSession.Result result = decoder.run(inputs);
                open.add(result);
                token = largest(
                        ((float[][][]) result.get("logits").orElseThrow().getValue())[0][0]);
                if (token == 2) {
                    break;
                }
                tokens.add((int) token);
                keep(result, step, inputs);
            }
        } finally {
            for (AutoCloseable result : open) {
                close(result);
            }
        }
        return tokens;
    }

    private OnnxTensor nothing(String name) throws OrtException {
        var info = (ai.onnxruntime.TensorInfo) decoder.getInputInfo().get(name).getInfo();
        long[] shape = info.getShape();
        return OnnxTensor.createTensor(environment, FloatBuffer.allocate(0), new long[] {0, shape[1], 1, shape[3]});
    }

    private static void keep(OrtSession.Result result, int step, Map<String, OnnxTensor> inputs) {
        for (Map.Entry<String, OnnxValue> output : result) {
            String name = output.getKey().replace("present", "past_key_values");
            if (inputs.containsKey(name) && (step == 0 || name.contains("decoder"))) {
                inputs.put(name, (OnnxTensor) output.getValue());
            }
        }
    }

    private static long largest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private static void close(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws OrtException {
        encoder.close();
        decoder.close();
    }
}
