package io.tokenwise.io;

/** In which type a model file keeps its weight matrices, embeddings too; everything else is float32 in any case. */
public enum StoredType {
    /** Float32, which every program reads. */
    F32,
    /**
     * A signed byte for each value and a scale for each row, a quarter of the size: a matrix {@code NAME} is I8, and {@code NAME.scale} has the
     * scales.
     */
    S8;

    /** Gates and learners' biases have a row for each learner, at most 65: they decide much and take little, so they stay as they are. */
    private static final int MOST_FLOAT_ROWS = 65;

    /** As users write it. */
    public String label() {
        return this == F32 ? "f32" : "s8";
    }

    /** Whether a tensor of this shape is kept as bytes. */
    boolean bytes(long[] shape) {
        return this == S8 && shape.length == 2 && shape[0] > MOST_FLOAT_ROWS;
    }
}
