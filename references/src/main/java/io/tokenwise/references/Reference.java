package io.tokenwise.references;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model of one family in libtorch, or a head on one: a TorchScript program of this module with its config and weights. Inputs run alone, so
 * nothing is padded. Not thread-safe.
 */
public final class Reference implements AutoCloseable {
    private static final String HIDDEN = "hidden";

    /** Added to a score it leaves no weight; of a row that sees nothing else in its window softmax is finite still, and so are later layers. */
    private static final float NOT_SEEN = -1e30f;

    private final NDManager manager = TorchScript.newManager();
    private final TorchScript program;
    private final Map<String, PtNDArray> tensors = new LinkedHashMap<>();

    /** Of what is computed with. */
    private final DataType type;

    private IValue weights;

    private Reference(Config config, Map<String, Array> weights, DataType type) throws IOException {
        this.type = type;
        // Small models: threads would wait for each other, above all where tests share the cores.
        JniUtils.setNumThreads(1);
        program = new TorchScript(config.program(), config.code());
        weights.forEach((name, array) -> tensors.put(name, tensor(manager, array)));
        this.weights = IValue.stringMapFrom(tensors);
    }

    /** Replaces one tensor. */
    void put(String name, Array array) {
        weights.close();
        tensors.put(name, tensor(manager, array));
        weights = IValue.stringMapFrom(tensors);
    }

    /**
     * What a text gives of which some tokens have left: no other token sees them. Their own rows are among the results, and mean nothing.
     *
     * @param stays by token
     */
    public Result run(int[] ids, boolean[] stays) {
        var hidden = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            hidden[i] = stays[i] ? 0 : NOT_SEEN;
        }
        put(HIDDEN, new Array(hidden, 1, ids.length));
        try {
            return run(ids);
        } finally {
            put(HIDDEN, new Array(new float[1], 1, 1));
        }
    }

    private PtNDArray tensor(NDManager manager, Array array) {
        return (PtNDArray)
                manager.create(array.values(), new Shape(array.shape())).toType(type, false);
    }

    /**
     * @param program a family such as {@code modernbert}, or a head such as {@code masked}: a file of this module without {@code .py}
     * @param config as config.json has it
     * @param weights by Hugging Face's names, without the prefix that models with heads put before them ({@code bert.})
     */
    public static Reference of(String program, Map<String, ?> config, Map<String, Array> weights) throws IOException {
        return new Reference(Config.of(program, config), weights, DataType.FLOAT32);
    }

    /**
     * The same computed in doubles, whose results are rounded to floats at last: where sums are so long that libtorch's own floats are as far from the
     * right result as those that are compared with it.
     */
    public static Reference inDoubles(String program, Map<String, ?> config, Map<String, Array> weights)
            throws IOException {
        return new Reference(Config.of(program, config), weights, DataType.FLOAT64);
    }

    /** A text, all of whose tokens have type 0. */
    public Result run(int... ids) {
        return run(ids, new int[ids.length]);
    }

    /** A text whose tokens have types, as those of a pair have. */
    public Result run(int[] ids, int[] types) {
        try (NDManager scope = manager.newSubManager()) {
            return run((PtNDArray) scope.create(longs(ids)), (PtNDArray) scope.create(longs(types)));
        }
    }

    /** A recording. */
    public Result run(float[] samples) {
        try (NDManager scope = manager.newSubManager()) {
            return run(tensor(scope, new Array(samples, samples.length)), (PtNDArray) scope.create(new long[0]));
        }
    }

    /** What a head reads: token vectors {@code [tokens, hidden]}. */
    public Result run(float[][] rows) {
        try (NDManager scope = manager.newSubManager()) {
            var values = new float[rows.length * rows[0].length];
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(rows[i], 0, values, i * rows[i].length, rows[i].length);
            }
            return run(tensor(scope, new Array(values, rows.length, rows[0].length)), (PtNDArray)
                    scope.create(new long[0]));
        }
    }

    private Result run(PtNDArray input, PtNDArray types) {
        var parts = new LinkedHashMap<String, float[][]>();
        try (NDManager scope = manager.newSubManager();
                IValue inputValue = IValue.from(input);
                IValue typesValue = IValue.from(types);
                IValue results = program.run(weights, inputValue, typesValue)) {
            results.toIValueMap().forEach((name, value) -> {
                try (value) {
                    parts.put(name, rows(value.toTensor((PtNDManager) scope)));
                }
            });
        }
        return new Result(parts);
    }

    private static long[] longs(int[] values) {
        var longs = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            longs[i] = values[i];
        }
        return longs;
    }

    private static float[][] rows(NDArray matrix) {
        float[] values = matrix.toType(DataType.FLOAT32, false).toFloatArray();
        var rows = new float[Math.toIntExact(matrix.getShape().get(0))]
                [Math.toIntExact(matrix.getShape().get(1))];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, i * rows[i].length, rows[i], 0, rows[i].length);
        }
        return rows;
    }

    @Override
    public void close() {
        weights.close();
        program.close();
        manager.close();
    }
}
