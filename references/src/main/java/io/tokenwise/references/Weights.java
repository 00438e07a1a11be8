package io.tokenwise.references;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

/** Random weights on which every term of a model matters: a forgotten bias, gain or shift is seen in the result. */
public final class Weights {
    private static final Pattern EMBEDDINGS = Pattern.compile(".*(_embeddings|embed_tokens)\\.weight");
    private static final Pattern QUERIES_AND_KEYS =
            Pattern.compile(".*(query|key|query_proj|key_proj|q_proj|k_proj|q_lin|k_lin|attn\\.q|attn\\.k)\\.weight");
    private static final Pattern FRAMES = Pattern.compile("encoder\\.layers\\.\\d+\\.attention\\.[qk]_proj\\.weight");
    private static final Pattern FUSED = Pattern.compile(".*(Wqkv|qkv_proj)\\.weight");
    private static final Pattern HEAD_NORMS = Pattern.compile(".*(q_norm|k_norm)\\.weight");

    /**
     * How much larger queries and keys are than usual: a token sees a few others well and the rest a little, an entropy of about .3 of what it
     * could be. With 4 softmax would be all but an argmax (.1), which hides what is a little wrong.
     */
    private static final float PEAK = 2.5f;

    /** The same for gains of heads' norms, whose products have no other size. */
    private static final float HEAD_PEAK = 2;

    /** The same for speech, whose frames are much alike behind convolutions. */
    private static final float PEAK_OF_FRAMES = 4;

    private Weights() {}

    /**
     * Rows of matrices keep the size of what they read, queries and keys are larger, so that softmax is peaked; gains are 1 +- .5, those of
     * heads twice that; biases are N(0, .3), embeddings N(0, 1).
     *
     * @param shapes from {@link Shapes#of}; a vector named {@code weight} is the gain of a norm
     * @param shift what the family adds to gains: 1 for Gemma, else 0
     */
    public static Map<String, Array> peaked(Map<String, long[]> shapes, double shift, long seed) {
        var weights = new LinkedHashMap<String, Array>();
        shapes.forEach((name, shape) -> weights.put(
                name, new Array(values(name, shape, (float) shift, new Random(seed * 31 + name.hashCode())), shape)));
        return weights;
    }

    private static float[] values(String name, long[] shape, float shift, Random random) {
        long count = 1;
        for (long each : shape) {
            count *= each;
        }
        var values = new float[Math.toIntExact(count)];
        boolean gain = shape.length == 1 && name.endsWith("weight") || name.endsWith("weight_g");
        for (int i = 0; i < values.length; i++) {
            if (gain) {
                float around = HEAD_NORMS.matcher(name).matches() ? HEAD_PEAK : 1;
                values[i] = around * (.5f + random.nextFloat()) - shift;
            } else {
                values[i] = (float) random.nextGaussian();
            }
        }
        if (!gain) {
            scale(name, shape, values);
            if (shift > 0 && EMBEDDINGS.matcher(name).matches()) {
                // Such families multiply them by the root of their length: what layers add would be small beside them.
                multiply(values, values.length, 1 / Math.sqrt(shape[1]));
            }
        }
        return values;
    }

    private static void scale(String name, long[] shape, float[] values) {
        if (shape.length == 1) {
            multiply(values, values.length, .3);
        } else if (shape.length == 3) {
            // A convolution, before an activation that halves.
            multiply(values, values.length, Math.sqrt(2. / (shape[1] * shape[2])));
        } else if (name.endsWith("relative_attention_bias.weight")) {
            multiply(values, values.length, PEAK);
        } else if (!EMBEDDINGS.matcher(name).matches()) {
            multiply(values, values.length, Math.sqrt(1. / shape[1]));
            if (QUERIES_AND_KEYS.matcher(name).matches()) {
                multiply(values, values.length, FRAMES.matcher(name).matches() ? PEAK_OF_FRAMES : PEAK);
            } else if (FUSED.matcher(name).matches()) {
                multiply(values, values.length / 3 * 2, PEAK);
            }
        }
    }

    private static void multiply(float[] values, int count, double factor) {
        for (int i = 0; i < count; i++) {
            values[i] *= (float) factor;
        }
    }
}
