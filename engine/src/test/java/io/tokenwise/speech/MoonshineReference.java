package io.tokenwise.speech;

import io.tokenwise.io.TensorData;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Moonshine in double, written down plainly from Hugging Face's modeling_moonshine.py: nothing is packed, and no key or value is kept. */
final class MoonshineReference {
    private final MoonshineArchitecture sizes;
    private final Map<String, TensorData> weights;
    private final int headSize;

    MoonshineReference(MoonshineArchitecture sizes, Map<String, TensorData> weights) {
        this.sizes = sizes;
        this.weights = weights;
        headSize = sizes.hiddenSize() / sizes.heads();
    }

    private double weight(String name, long index) {
        return weights.get(name).floats().getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    double[][] frames(float[] samples) {
        double[][] x = new double[samples.length][1];
        for (int i = 0; i < samples.length; i++) {
            x[i][0] = samples[i];
        }
        x = convolution(x, "encoder.conv1", 64, false);
        for (double[] row : x) {
            Arrays.setAll(row, i -> Math.tanh(row[i]));
        }
        x = convolution(groupNorm(x), "encoder.conv2", 3, true);
        x = convolution(x, "encoder.conv3", 2, true);
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "encoder.layers." + i + ".";
            double[][] normed = norm(x, layer + "input_layernorm");
            x = add(x, attention(normed, normed, layer + "self_attn.", true, false));
            double[][] units = linear(norm(x, layer + "post_attention_layernorm"), layer + "mlp.fc1", true);
            x = add(x, linear(gelu(units), layer + "mlp.fc2", true));
        }
        return norm(x, "encoder.layer_norm");
    }

    /** Logits of the token after these. */
    double[] logits(double[][] frames, List<Integer> tokens) {
        double[][] x = new double[tokens.size()][sizes.hiddenSize()];
        for (int t = 0; t < x.length; t++) {
            for (int c = 0; c < sizes.hiddenSize(); c++) {
                x[t][c] = weight("decoder.embed_tokens.weight", (long) tokens.get(t) * sizes.hiddenSize() + c);
            }
        }
        for (int i = 0; i < sizes.decoderLayers(); i++) {
            String layer = "decoder.layers." + i + ".";
            double[][] normed = norm(x, layer + "input_layernorm");
            x = add(x, attention(normed, normed, layer + "self_attn.", true, true));
            x = add(
                    x,
                    attention(
                            norm(x, layer + "post_attention_layernorm"),
                            frames,
                            layer + "encoder_attn.",
                            false,
                            false));
            double[][] both = linear(norm(x, layer + "final_layernorm"), layer + "mlp.fc1", true);
            double[][] units = new double[x.length][sizes.intermediateSize()];
            for (int t = 0; t < x.length; t++) {
                for (int j = 0; j < sizes.intermediateSize(); j++) {
                    double gate = both[t][sizes.intermediateSize() + j];
                    units[t][j] = both[t][j] * gate / (1 + Math.exp(-gate));
                }
            }
            x = add(x, linear(units, layer + "mlp.fc2", true));
        }
        double[][] last = {norm(x, "decoder.norm")[x.length - 1]};
        return linear(last, "decoder.embed_tokens", false)[0];
    }

    List<Integer> write(double[][] frames, int most) {
        var tokens = new ArrayList<>(List.of(1));
        while (tokens.size() <= most) {
            double[] logits = logits(frames, tokens);
            int best = IntStream.range(0, logits.length)
                    .reduce((a, b) -> logits[b] > logits[a] ? b : a)
                    .orElseThrow();
            if (best == 2) {
                break;
            }
            tokens.add(best);
        }
        return tokens.subList(1, tokens.size());
    }

    private double[][] convolution(double[][] x, String path, int step, boolean gelu) {
        long[] shape = weights.get(path + ".weight").shape();
        int channels = (int) shape[1];
        int width = (int) shape[2];
        double[][] y = new double[(x.length - width) / step + 1][(int) shape[0]];
        for (int r = 0; r < y.length; r++) {
            for (int o = 0; o < shape[0]; o++) {
                double sum = gelu ? weight(path + ".bias", o) : 0;
                for (int c = 0; c < channels; c++) {
                    for (int k = 0; k < width; k++) {
                        sum += x[r * step + k][c] * weight(path + ".weight", ((long) o * channels + c) * width + k);
                    }
                }
                y[r][o] = sum;
            }
        }
        return gelu ? gelu(y) : y;
    }

    private double[][] groupNorm(double[][] x) {
        double mean = Arrays.stream(x).flatMapToDouble(Arrays::stream).average().orElseThrow();
        double variance = Arrays.stream(x)
                .flatMapToDouble(Arrays::stream)
                .map(v -> (v - mean) * (v - mean))
                .average()
                .orElseThrow();
        return scaled(x, "encoder.groupnorm", mean, variance, true);
    }

    private double[][] norm(double[][] x, String path) {
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            double mean = Arrays.stream(x[t]).average().orElseThrow();
            double variance = Arrays.stream(x[t])
                    .map(v -> (v - mean) * (v - mean))
                    .average()
                    .orElseThrow();
            y[t] = scaled(new double[][] {x[t]}, path, mean, variance, false)[0];
        }
        return y;
    }

    private double[][] scaled(double[][] x, String path, double mean, double variance, boolean shifted) {
        double[][] y = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int c = 0; c < x[t].length; c++) {
                y[t][c] = (x[t][c] - mean) / Math.sqrt(variance + 1e-5) * weight(path + ".weight", c)
                        + (shifted ? weight(path + ".bias", c) : 0);
            }
        }
        return y;
    }

    private double[][] linear(double[][] x, String path, boolean biased) {
        int outputs = (int) weights.get(path + ".weight").shape()[0];
        double[][] y = new double[x.length][outputs];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < outputs; o++) {
                double sum = biased ? weight(path + ".bias", o) : 0;
                for (int c = 0; c < x[t].length; c++) {
                    sum += x[t][c] * weight(path + ".weight", (long) o * x[t].length + c);
                }
                y[t][o] = sum;
            }
        }
        return y;
    }

    /** erf-GELU of each value. */
    private static double[][] gelu(double[][] x) {
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = Arrays.stream(x[t]).map(v -> v * normal(v)).toArray();
        }
        return y;
    }

    /** The standard normal distribution, by Marsaglia's series (2004). */
    private static double normal(double x) {
        if (Math.abs(x) > 8) {
            return x > 0 ? 1 : 0;
        }
        double sum = x;
        double term = x;
        for (int i = 3; Math.abs(term) > 1e-18; i += 2) {
            term *= x * x / i;
            sum += term;
        }
        return .5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    private static double[][] add(double[][] a, double[][] b) {
        double[][] y = new double[a.length][a[0].length];
        for (int t = 0; t < a.length; t++) {
            for (int c = 0; c < a[t].length; c++) {
                y[t][c] = a[t][c] + b[t][c];
            }
        }
        return y;
    }

    private double[][] attention(double[][] x, double[][] read, String path, boolean rotary, boolean causal) {
        double[][] q = linear(x, path + "q_proj", false);
        double[][] k = linear(read, path + "k_proj", false);
        double[][] v = linear(read, path + "v_proj", false);
        if (rotary) {
            rotate(q);
            rotate(k);
        }
        double[][] context = new double[x.length][sizes.hiddenSize()];
        for (int t = 0; t < x.length; t++) {
            for (int first = 0; first < sizes.hiddenSize(); first += headSize) {
                int seen = causal ? t + 1 : read.length;
                double[] weights = new double[seen];
                for (int j = 0; j < seen; j++) {
                    for (int c = first; c < first + headSize; c++) {
                        weights[j] += q[t][c] * k[j][c] / Math.sqrt(headSize);
                    }
                }
                double most = Arrays.stream(weights).max().orElseThrow();
                double sum = Arrays.stream(weights).map(w -> Math.exp(w - most)).sum();
                for (int j = 0; j < seen; j++) {
                    for (int c = first; c < first + headSize; c++) {
                        context[t][c] += Math.exp(weights[j] - most) / sum * v[j][c];
                    }
                }
            }
        }
        return linear(context, path + "o_proj", false);
    }

    private void rotate(double[][] x) {
        for (int t = 0; t < x.length; t++) {
            for (int first = 0; first < sizes.hiddenSize(); first += headSize) {
                for (int i = 0; i < sizes.rotated(); i += 2) {
                    double angle = t * Math.pow(10_000, -(double) i / sizes.rotated());
                    double even = x[t][first + i];
                    double odd = x[t][first + i + 1];
                    x[t][first + i] = even * Math.cos(angle) - odd * Math.sin(angle);
                    x[t][first + i + 1] = odd * Math.cos(angle) + even * Math.sin(angle);
                }
            }
        }
    }
}
