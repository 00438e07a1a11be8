package io.tokenwise.autograd;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.tensor.Tensor;

/** One operation that a {@link Tape} has seen: its inputs, its result y, and what {@link GradientTable} needs of the forward pass. */
public sealed interface Op {
    Tensor y();

    /** {@code y = x W + bias}; bias may be null. */
    record Linear(Tensor x, Weight weight, Parameter bias, Tensor y) implements Op {}

    record Gelu(Tensor x, Tensor y) implements Op {}

    record Add(Tensor a, Tensor b, Tensor y) implements Op {}

    record LayerNorm(Tensor x, Parameter gamma, Parameter beta, Tensor statistics, Tensor y) implements Op {}

    record Attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor y)
            implements Op {}

    record Softmax(Tensor x, Tensor y) implements Op {}

    record EmbeddingSum(
            int[] ids, int[] offsets, int sequences, Parameter words, Parameter positions, Parameter types, Tensor y)
            implements Op {}

    /** {@code y = [first; x] + positions} for each sequence. */
    record WithFirst(Tensor x, Parameter first, Parameter positions, Tensor y) implements Op {}

    /** Rotary positions, in place: y is x, and so is its gradient. */
    record Rotate(Tensor y, int[] offsets, int sequences, RotaryPositions positions, int heads) implements Op {}

    /** {@code y = x_1 * silu(x_2)} for each block {@code [x_1, x_2]} of {@code 2 * units} columns. */
    record GatedSilu(Tensor x, int units, Tensor y) implements Op {}

    /** Attention over other rows; queries and keysValues may be one tensor. */
    record Attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor probabilities, Tensor y) implements Op {}

    /** {@code y = x W^T}. */
    record LinearTransposed(Tensor x, Weight weight, Tensor y) implements Op {}

    record TakeRows(Tensor x, int[] rows, Tensor y) implements Op {}

    record MeanPool(Tensor x, int[] offsets, int sequences, Tensor y) implements Op {}

    record FirstPool(Tensor x, int[] offsets, int sequences, Tensor y) implements Op {}

    record L2Normalize(Tensor x, Tensor norms, Tensor y) implements Op {}

    /** {@code y = x * scale} by blocks of columns. */
    record ScaleBlocks(Tensor x, Tensor scale, Tensor y) implements Op {}

    /** {@code y = x * scale} by units of columns, unit u by the factor {@code places[u]}. */
    record ScaleUnits(Tensor x, Tensor scale, int[] places, Tensor y) implements Op {}

    /**
     * Which learners run: {@code y[i, n]} is 1 if row i uses learner n + 1, from a hard choice of the learner count;
     * {@code soft} is the Gumbel-softmax over counts {@code [rows, learners + 1]} that the gradient goes through.
     */
    record Choose(Tensor logits, Tensor soft, float temperature, Tensor y) implements Op {}
}
