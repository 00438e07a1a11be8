package io.tokenwise.references;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntBinaryOperator;

/**
 * Layers as exporters write them, on a batch {@code [texts, tokens, hidden]} that is padded: of operators in the order in which ONNX Runtime
 * looks for them when it fuses.
 */
final class OrtLayers {
    /** What transformers adds to the scores of padding in models that are exported. */
    private static final double PADDING = -10000;

    final Graph graph;
    private final Map<String, Array> weights;
    private final boolean int8;
    private final Map<String, String> known = new HashMap<>();
    private final Map<String, String[]> quantized = new HashMap<>();

    /** @param int8 whether matrices are bytes and what they are multiplied with is made bytes for each call, as ONNX Runtime's own tool does */
    OrtLayers(Graph graph, Map<String, Array> weights, boolean int8) {
        this.graph = graph;
        this.weights = weights;
        this.int8 = int8;
    }

    boolean has(String name) {
        return weights.containsKey(name);
    }

    String weight(String name) {
        return known.computeIfAbsent(name, _ -> graph.tensor(name, array(name)));
    }

    Array array(String name) {
        Array array = weights.get(name);
        if (array == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        return array;
    }

    String constant(String name, Array array) {
        return known.computeIfAbsent(name, _ -> graph.tensor(name, array));
    }

    String add(String a, String b) {
        return graph.op("Add", a, b);
    }

    String multiply(String a, String b) {
        return graph.op("Mul", a, b);
    }

    String lookUp(String name, String indices) {
        return graph.op("Gather", Map.of("axis", 0), weight(name + ".weight"), indices);
    }

    String linear(String name, String x) {
        Array matrix = array(name + ".weight");
        int outputs = Math.toIntExact(matrix.shape()[0]);
        int inputs = Math.toIntExact(matrix.shape()[1]);
        var turned = new float[inputs * outputs];
        for (int row = 0; row < outputs; row++) {
            for (int column = 0; column < inputs; column++) {
                turned[column * outputs + row] = matrix.values()[row * inputs + column];
            }
        }
        String y = int8
                ? integerProduct(name + ".turned", turned, inputs, x)
                : graph.op("MatMul", x, constant(name + ".turned", new Array(turned, inputs, outputs)));
        return has(name + ".bias") ? add(y, weight(name + ".bias")) : y;
    }

    /** As many equal parts, where several matrices are stacked in one tensor. */
    String[] split(String x, int parts) {
        return graph.op(parts, "Split", Map.of("axis", -1), x);
    }

    /** As ONNX Runtime's quantize_dynamic writes it with a scale for each column; what is read is made bytes once for all that read it. */
    private String integerProduct(String name, float[] values, int inputs, String x) {
        int outputs = values.length / inputs;
        var scales = new float[outputs];
        for (int i = 0; i < values.length; i++) {
            scales[i % outputs] = Math.max(scales[i % outputs], Math.abs(values[i]) / 127);
        }
        var bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) Math.rint(values[i] / scales[i % outputs]);
        }
        String[] q = quantized.computeIfAbsent(x, _ -> graph.op(3, "DynamicQuantizeLinear", Map.of(), x));
        String matrix = known.computeIfAbsent(name, _ -> graph.bytes(name, bytes, inputs, outputs));
        String zeros = known.computeIfAbsent(name + ".zeros", own -> graph.bytes(own, new byte[outputs], outputs));
        // 1: float
        String sums = graph.op("Cast", Map.of("to", 1), graph.op("MatMulInteger", q[0], matrix, q[2], zeros));
        return multiply(sums, multiply(q[1], constant(name + ".scales", new Array(scales, outputs))));
    }

    String norm(String name, String x, double epsilon) {
        String centred = graph.op("Sub", x, mean(x));
        String deviation =
                graph.op("Sqrt", add(mean(graph.op("Pow", centred, graph.scalar(2))), graph.scalar(epsilon)));
        String y = multiply(graph.op("Div", centred, deviation), weight(name + ".weight"));
        return has(name + ".bias") ? add(y, weight(name + ".bias")) : y;
    }

    /** @param shift what is added to the gains */
    String rmsNorm(String name, String x, double epsilon, double shift) {
        Array gains = array(name + ".weight");
        var shifted = gains.values().clone();
        for (int i = 0; i < shifted.length; i++) {
            shifted[i] += (float) shift;
        }
        String size = graph.op("Sqrt", add(mean(graph.op("Pow", x, graph.scalar(2))), graph.scalar(epsilon)));
        return multiply(graph.op("Div", x, size), constant(name + ".weight", new Array(shifted, gains.shape())));
    }

    private String mean(String x) {
        return graph.op("ReduceMean", Map.of("axes", new long[] {-1}, "keepdims", 1), x);
    }

    String activate(String x, String name) {
        return switch (name) {
            case "gelu" -> {
                String erf = graph.op("Erf", graph.op("Div", x, graph.scalar(Math.sqrt(2))));
                yield multiply(multiply(x, add(erf, graph.scalar(1))), graph.scalar(.5));
            }
            case "gelu_new", "gelu_pytorch_tanh" -> {
                String cube = multiply(graph.op("Pow", x, graph.scalar(3)), graph.scalar(.044715));
                String tanh = graph.op("Tanh", multiply(add(x, cube), graph.scalar(Math.sqrt(2 / Math.PI))));
                yield multiply(multiply(x, graph.scalar(.5)), add(tanh, graph.scalar(1)));
            }
            case "silu", "swiglu" -> multiply(x, graph.op("Sigmoid", x));
            case "relu" -> graph.op("Relu", x);
            case "tanh" -> graph.op("Tanh", x);
            default -> throw new IllegalArgumentException("activation " + name);
        };
    }

    /** {@code [texts, tokens, heads * size] -> [texts, heads, tokens, size]}. */
    String heads(String x, int heads, int size) {
        String split = graph.op("Reshape", x, graph.integers(0, 0, heads, size));
        return graph.op("Transpose", Map.of("perm", new long[] {0, 2, 1, 3}), split);
    }

    /** Of {@code keyHeads} heads each for a whole group of queries'. */
    String repeated(String x, int keyHeads, int heads) {
        if (keyHeads == heads) {
            return x;
        }
        var index = new long[heads];
        for (int i = 0; i < heads; i++) {
            index[i] = i / (heads / keyHeads);
        }
        return graph.op("Gather", Map.of("axis", 1), x, graph.integers(index));
    }

    /** The first {@code tokens} of {@code x} along an axis. */
    String first(String x, String tokens, int axis) {
        return graph.op("Slice", x, graph.integers(0), tokens, graph.integers(axis));
    }

    /** Turns pairs (i, i + half) by angles of the position times {@code frequencies}. */
    String rotate(String x, String table, double[] frequencies, int most, String tokens) {
        int half = frequencies.length;
        var cos = new float[most * half * 2];
        var sin = new float[most * half * 2];
        for (int i = 0; i < cos.length; i++) {
            double angle = i / (2 * half) * frequencies[i % half];
            cos[i] = (float) Math.cos(angle);
            sin[i] = (float) Math.sin(angle);
        }
        String low = graph.op("Slice", x, graph.integers(0), graph.integers(half), graph.integers(3));
        String high = graph.op("Slice", x, graph.integers(half), graph.integers(2 * half), graph.integers(3));
        String turned = graph.op("Concat", Map.of("axis", 3), graph.op("Neg", high), low);
        String c = first(constant(table + ".cos", new Array(cos, most, 2 * half)), tokens, 0);
        String s = first(constant(table + ".sin", new Array(sin, most, 2 * half)), tokens, 0);
        return add(multiply(x, c), multiply(turned, s));
    }

    static double[] frequencies(int size, double base) {
        var frequencies = new double[size / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(base, -2. * i / size);
        }
        return frequencies;
    }

    /** What is added to the scores of padding, {@code [texts, 1, 1, tokens]}. */
    String padding(String mask) {
        String wide = graph.op("Unsqueeze", graph.op("Unsqueeze", mask, graph.integers(1)), graph.integers(2));
        String real = graph.op("Cast", Map.of("to", 1), wide);
        return multiply(graph.op("Sub", graph.scalar(1), real), graph.scalar(PADDING));
    }

    /** {@code heads} tables of what is added to a score, by query and key, cut to the batch's tokens. */
    String bias(String name, int heads, int most, String tokens, ScoreBias bias) {
        var values = new float[heads * most * most];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) bias.at(i / most / most, i / most % most, i % most);
        }
        return first(first(constant(name, new Array(values, 1, heads, most, most)), tokens, 2), tokens, 3);
    }

    /** What a head adds to the score of a key for a query. */
    interface ScoreBias {
        double at(int head, int query, int key);
    }

    /** Tokens further than {@code before} or {@code after} are as padding; less than 0: none is. */
    String window(int before, int after, int most, String tokens) {
        IntBinaryOperator far =
                (query, key) -> before >= 0 && query - key > before || after >= 0 && key - query > after ? 1 : 0;
        return bias(
                "window." + before + "." + after,
                1,
                most,
                tokens,
                (_, query, key) -> far.applyAsInt(query, key) * PADDING);
    }

    /** {@code [texts, heads, tokens, size]} each; scores are divided by {@code divisor}. */
    String attend(String q, String k, String v, double divisor, String bias) {
        String turned = graph.op("Transpose", Map.of("perm", new long[] {0, 1, 3, 2}), k);
        String scores = graph.op("Div", graph.op("MatMul", q, turned), graph.scalar(divisor));
        String p = graph.op("Softmax", Map.of("axis", -1), add(scores, bias));
        String context = graph.op("Transpose", Map.of("perm", new long[] {0, 2, 1, 3}), graph.op("MatMul", p, v));
        return graph.op("Reshape", context, graph.integers(0, 0, -1));
    }
}
