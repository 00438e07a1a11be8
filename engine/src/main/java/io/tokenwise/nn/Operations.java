package io.tokenwise.nn;

import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;

/**
 * The differentiable operations: each takes its result from the workspace and, with a tape, records itself. Shapes are checked by the stream. Not thread-safe.
 */
public abstract sealed class Operations implements Recorder permits Pass {
    private final Stream stream;
    private final Workspace workspace;
    private Tape tape;

    Operations(Stream stream, Workspace workspace) {
        this.stream = stream;
        this.workspace = workspace;
    }

    /** From here on operations record themselves on this tape; null: no longer. */
    final void record(Tape newTape) {
        tape = newTape;
    }

    @Override
    public final Stream stream() {
        return stream;
    }

    @Override
    public final Workspace workspace() {
        return workspace;
    }

    @Override
    public final Tape tape() {
        return tape;
    }

    /** {@code act(x W + bias) + residual}: act is erf-GELU or nothing; bias and residual may be null. */
    public final Tensor linear(Tensor x, Weight weight, Parameter bias, boolean gelu, Tensor residual) {
        Tensor biasValue = bias == null ? null : bias.value();
        if (tape == null) {
            Tensor y = tensor(x.rows(), weight.outputs());
            stream.linear(x, weight.packed(), biasValue, gelu, residual, y);
            return y;
        }
        Tensor y = tensor(x.rows(), weight.outputs());
        stream.linear(x, weight.prepare(stream), biasValue, false, null, y);
        tape.record(new Op.Linear(x, weight, bias, y));
        if (gelu) {
            y = gelu(y);
        }
        return residual == null ? y : add(y, residual);
    }

    public final Tensor gelu(Tensor x) {
        Tensor y = tensor(x.rows(), x.columns());
        stream.gelu(x, y);
        if (tape != null) {
            tape.record(new Op.Gelu(x, y));
        }
        return y;
    }

    public final Tensor add(Tensor a, Tensor b) {
        Tensor y = tensor(a.rows(), a.columns());
        stream.add(a, b, y);
        if (tape != null) {
            tape.record(new Op.Add(a, b, y));
        }
        return y;
    }

    /** Writes the result to {@code y}, which may come from an outer scope. */
    public final void layerNorm(Tensor x, Parameter gamma, Parameter beta, float epsilon, Tensor y) {
        if (tape == null) {
            stream.layerNorm(x, gamma.value(), beta.value(), epsilon, y, null);
            return;
        }
        Tensor statistics = tensor(x.rows(), 2);
        stream.layerNorm(x, gamma.value(), beta.value(), epsilon, y, statistics);
        tape.record(new Op.LayerNorm(x, gamma, beta, statistics, y));
    }

    public final Tensor softmax(Tensor x) {
        Tensor y = tensor(x.rows(), x.columns());
        stream.softmax(x, y);
        if (tape != null) {
            tape.record(new Op.Softmax(x, y));
        }
        return y;
    }

    /** {@code qkv [tokens, 3 * hidden]} to the heads' results side by side, {@code [tokens, hidden]}. */
    public final Tensor attention(Tensor qkv, TokenBatch batch, int heads) {
        Tensor y = tensor(qkv.rows(), qkv.columns() / 3);
        Tensor probabilities = tape == null ? null : tensor(1, probabilityCount(batch, heads));
        stream.attention(qkv, batch.offsets(), batch.sequences(), heads, y, probabilities);
        if (tape != null) {
            tape.record(new Op.Attention(qkv, batch.offsets(), batch.sequences(), heads, probabilities, y));
        }
        return y;
    }

    private static int probabilityCount(TokenBatch batch, int heads) {
        long count = 0;
        for (int i = 0; i < batch.sequences(); i++) {
            count += (long) heads * batch.length(i) * batch.length(i);
        }
        if (count > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("attention: " + batch.tokens() + " tokens in " + batch.sequences()
                    + " sequences are too many to train on at once");
        }
        return (int) count;
    }

    /** Sum of word, position and (unless null) first type embedding of each token. */
    public final Tensor embeddingSum(TokenBatch batch, Parameter words, Parameter positions, Parameter types) {
        Tensor y = tensor(batch.tokens(), words.value().columns());
        Tensor typeValues = types == null ? null : types.value();
        stream.embeddingSum(
                batch.inputs(), batch.offsets(), batch.sequences(), words.value(), positions.value(), typeValues, y);
        if (tape != null) {
            tape.record(new Op.EmbeddingSum(
                    batch.inputs(), batch.offsets(), batch.sequences(), words, positions, types, y));
        }
        return y;
    }

    /**
     * The images of the batch as patches, row by row, {@code [images * patches, 3 * patch size ^ 2]}: of each patch first all red values, then
     * green, then blue.
     */
    public final Tensor patches(TokenBatch batch, ImagePatches patches) {
        Tensor y = tensor(batch.sequences() * patches.count(), patches.values());
        stream.patches(batch.inputs(), batch.sequences(), patches, y);
        return y;
    }

    /**
     * Puts the same first token before those of each sequence, and adds the positions: {@code y[0] = first + positions[0]}, {@code y[t] = x[t - 1] +
     * positions[t]}. All sequences have as many tokens as there are positions.
     */
    public final Tensor withFirst(Tensor x, Parameter first, Parameter positions) {
        int tokens = positions.value().rows();
        Tensor y = tensor(x.rows() / (tokens - 1) * tokens, x.columns());
        stream.withFirst(x, first.value(), positions.value(), y);
        if (tape != null) {
            tape.record(new Op.WithFirst(x, first, positions, y));
        }
        return y;
    }

    /** The first {@code count} entries of rows, rows of x, in their order; none twice. */
    public final Tensor takeRows(Tensor x, int[] rows, int count) {
        Tensor y = tensor(count, x.columns());
        stream.takeRows(x, rows, y);
        if (tape != null) {
            tape.record(new Op.TakeRows(x, rows, y));
        }
        return y;
    }

    /** The rows of x that stay, in their order; x itself if all do. Has no gradient: tokens leave before anything that is trained. */
    public final Tensor takeRows(Tensor x, Staying staying) {
        if (staying.count() == x.rows()) {
            return x;
        }
        frozen("takeRows", x);
        Tensor y = tensor(staying.count(), x.columns());
        stream.takeRows(x, staying, y);
        return y;
    }

    /** Mean over each sequence's tokens: {@code [tokens, hidden]} to {@code [sequences, hidden]}. */
    public final Tensor meanPool(Tensor x, TokenBatch batch) {
        Tensor y = tensor(batch.sequences(), x.columns());
        stream.meanPool(x, batch.offsets(), batch.sequences(), y);
        if (tape != null) {
            tape.record(new Op.MeanPool(x, batch.offsets(), batch.sequences(), y));
        }
        return y;
    }

    /** Each sequence's first token: {@code [tokens, hidden]} to {@code [sequences, hidden]}. */
    public final Tensor firstPool(Tensor x, TokenBatch batch) {
        Tensor y = tensor(batch.sequences(), x.columns());
        stream.firstPool(x, batch.offsets(), batch.sequences(), y);
        if (tape != null) {
            tape.record(new Op.FirstPool(x, batch.offsets(), batch.sequences(), y));
        }
        return y;
    }

    /** Each row divided by its length. */
    public final Tensor l2Normalize(Tensor x) {
        Tensor y = tensor(x.rows(), x.columns());
        Tensor norms = tape == null ? null : tensor(1, x.rows());
        stream.l2Normalize(x, y, norms);
        if (tape != null) {
            tape.record(new Op.L2Normalize(x, norms, y));
        }
        return y;
    }

    /** {@code x [rows, blocks * width]} with each block scaled by its entry of {@code scale [rows, blocks]}. */
    public final Tensor scaleBlocks(Tensor x, Tensor scale) {
        Tensor y = tensor(x.rows(), x.columns());
        stream.scaleBlocks(x, scale, y);
        if (tape != null) {
            tape.record(new Op.ScaleBlocks(x, scale, y));
        }
        return y;
    }

    /** {@code x * scale} by units of columns, unit u by the factor {@code places[u]}; see {@link Stream#scaleUnits}. */
    public final Tensor scaleUnits(Tensor x, Tensor scale, int[] places) {
        Tensor y = tensor(x.rows(), x.columns());
        stream.scaleUnits(x, scale, places, y);
        if (tape != null) {
            tape.record(new Op.ScaleUnits(x, scale, places, y));
        }
        return y;
    }

    /** Gumbel-softmax choice with a straight-through gradient; see {@link Stream#choose}. */
    public final Tensor choose(Tensor logits, Tensor noise, float temperature) {
        Tensor soft = tensor(logits.rows(), logits.columns());
        Tensor y = tensor(logits.rows(), logits.columns() - 1);
        stream.choose(logits, noise, temperature, soft, y);
        if (tape != null) {
            tape.record(new Op.Choose(logits, soft, temperature, y));
        }
        return y;
    }

    /** The recordings of the batch, one after the other, {@code [samples, 1]}. */
    public final Tensor samples(TokenBatch recordings) {
        Tensor y = tensor(recordings.inputLength(), 1);
        stream.samples(recordings.inputs(), y);
        return y;
    }

    /** Rotary positions, in place, on the first {@code heads} heads of the rows of the batch. */
    public final void rotate(Tensor x, TokenBatch texts, RotaryPositions positions, int heads) {
        stream.rotate(x, texts.offsets(), texts.sequences(), 0, positions, heads);
        if (tape != null) {
            tape.record(new Op.Rotate(x, texts.offsets(), texts.sequences(), positions, heads));
        }
    }

    /**
     * Attention of queries, each row's first columns, over keys and values of other rows, to contexts {@code [queries, hidden]}.
     *
     * @param queries may be the tensor of the keys
     */
    public final Tensor attend(Tensor queries, Tensor keysValues, AttendedRows rows, int hidden) {
        Tensor y = tensor(queries.rows(), hidden);
        Tensor probabilities = tensor(1, rows.probabilities());
        stream.attend(queries, keysValues, rows, y, probabilities);
        if (tape != null) {
            tape.record(new Op.Attend(queries, keysValues, rows, probabilities, y));
        }
        return y;
    }

    /** {@code x W^T}. */
    public final Tensor linearTransposed(Tensor x, Weight weight) {
        Tensor y = tensor(x.rows(), weight.inputs());
        stream.linear(x, tape == null ? weight.transposed() : weight.prepareTransposed(stream), null, false, null, y);
        if (tape != null) {
            tape.record(new Op.LinearTransposed(x, weight, y));
        }
        return y;
    }
}
