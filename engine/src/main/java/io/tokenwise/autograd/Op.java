package io.tokenwise.autograd;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.tensor.Tensor;

/** One operation that a {@link Tape} has seen: its inputs, its result y, what its gradient needs of the forward pass, and the rule of that gradient. */
public interface Op {
    Tensor y();

    /** Whether something that is trained, or a gradient is asked of, leads to the result. */
    boolean matters(Tape tape);

    /** Given dy, adds to the gradients of the inputs and parameters. dy is no longer needed for y. */
    void backward(Backward to, Tensor dy);

    /** {@code y = x W + bias}; bias may be null. */
    record Linear(Tensor x, Weight weight, Parameter bias, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(weight.parameter()) || tape.trains(bias);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            if (to.tracks(x)) {
                Tensor dx = to.like(x);
                to.stream().linear(dy, weight.prepareTransposed(to.stream()), null, false, null, dx);
                to.add(x, dx);
            }
            if (weight.parameter().trainable()) {
                to.stream().weightGradient(x, dy, to.workspace(), to.gradientOf(weight.parameter()));
            }
            if (bias != null && bias.trainable()) {
                to.stream().addColumnSums(dy, to.gradientOf(bias));
            }
        }
    }

    /** {@code y = x W^T}. */
    record LinearTransposed(Tensor x, Weight weight, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(weight.parameter());
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            if (to.tracks(x)) {
                Tensor dx = to.like(x);
                to.stream().linear(dy, weight.prepare(to.stream()), null, false, null, dx);
                to.add(x, dx);
            }
            if (weight.parameter().trainable()) {
                to.stream().weightGradient(dy, x, to.workspace(), to.gradientOf(weight.parameter()));
            }
        }
    }

    record Gelu(Tensor x, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            to.stream().geluBackward(x, dy, dx);
            to.add(x, dx);
        }
    }

    record Add(Tensor a, Tensor b, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(a) || tape.tracks(b);
        }

        /** One of the inputs may take dy over. */
        @Override
        public void backward(Backward to, Tensor dy) {
            if (to.tracks(a)) {
                if (to.tracks(b)) {
                    to.addShared(a, dy);
                } else {
                    to.add(a, dy);
                }
            }
            to.addIfTracked(b, dy);
        }
    }

    record LayerNorm(Tensor x, Parameter gamma, Parameter beta, Tensor statistics, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(gamma) || tape.trains(beta);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            if (gamma.trainable() || beta.trainable()) {
                to.stream().layerNormParameterGradient(x, statistics, dy, to.gradientOf(gamma), to.gradientOf(beta));
            }
            if (to.tracks(x)) {
                Tensor dx = to.like(x);
                to.stream().layerNormBackward(x, gamma.value(), statistics, dy, dx);
                to.add(x, dx);
            }
        }
    }

    record Attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(qkv);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dQkv = to.like(qkv);
            to.stream().attentionBackward(qkv, offsets, sequences, heads, probabilities, dy, dQkv);
            to.add(qkv, dQkv);
        }
    }

    record Softmax(Tensor x, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            to.stream().softmaxBackward(y, dy, dx);
            to.add(x, dx);
        }
    }

    record EmbeddingSum(
            int[] ids, int[] offsets, int sequences, Parameter words, Parameter positions, Parameter types, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.trains(words) || tape.trains(positions) || tape.trains(types);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dTypes = types != null && types.trainable() ? to.gradientOf(types) : null;
            to.stream()
                    .embeddingSumBackward(
                            ids, offsets, sequences, dy, to.gradientOf(words), to.gradientOf(positions), dTypes);
        }
    }

    /** {@code y = [first; x] + positions} for each sequence. */
    record WithFirst(Tensor x, Parameter first, Parameter positions, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(first) || tape.trains(positions);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.tracks(x) ? to.like(x) : null;
            to.stream().withFirstBackward(dy, dx, to.gradientOf(first), to.gradientOf(positions));
            if (dx != null) {
                to.add(x, dx);
            }
        }
    }

    /** Rotary positions, in place: y is x, and so is its gradient. */
    record Rotate(Tensor y, int[] offsets, int sequences, RotaryPositions positions, int heads) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(y);
        }

        /** In place like the operation: from here on dy is the gradient of what y was before. */
        @Override
        public void backward(Backward to, Tensor dy) {
            to.stream().rotate(dy, offsets, sequences, 0, positions.inverse(), heads);
        }
    }

    /** Attention over other rows; queries and keysValues may be one tensor. */
    record Attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor probabilities, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(queries) || tape.tracks(keysValues);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dQueries = to.like(queries);
            Tensor dKeysValues = keysValues == queries ? dQueries : to.like(keysValues);
            to.stream().attendBackward(queries, keysValues, rows, probabilities, dy, dQueries, dKeysValues);
            to.addIfTracked(queries, dQueries);
            if (dKeysValues != dQueries) {
                to.addIfTracked(keysValues, dKeysValues);
            }
        }
    }

    record TakeRows(Tensor x, int[] rows, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            to.stream().takeRowsBackward(dy, rows, dx);
            to.add(x, dx);
        }
    }

    record MeanPool(Tensor x, int[] offsets, int sequences, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            to.stream().meanPoolBackward(dy, offsets, sequences, dx);
            to.add(x, dx);
        }
    }

    record FirstPool(Tensor x, int[] offsets, int sequences, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            to.stream().firstPoolBackward(dy, offsets, sequences, dx);
            to.add(x, dx);
        }
    }

    record L2Normalize(Tensor x, Tensor norms, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            to.stream().l2NormalizeBackward(y, norms, dy, dx);
            to.add(x, dx);
        }
    }

    /** {@code y = x * scale} by blocks of columns. */
    record ScaleBlocks(Tensor x, Tensor scale, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.tracks(scale);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Tensor dScale = to.like(scale);
            to.stream().scaleBlocksBackward(x, scale, dy, dx, dScale);
            to.addIfTracked(x, dx);
            to.addIfTracked(scale, dScale);
        }
    }

    /** {@code y = x * scale} by units of columns, unit u by the factor {@code places[u]}. */
    record ScaleUnits(Tensor x, Tensor scale, int[] places, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.tracks(scale);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Tensor dScale = to.like(scale);
            to.stream().scaleUnitsBackward(x, scale, places, dy, dx, dScale);
            to.addIfTracked(x, dx);
            to.addIfTracked(scale, dScale);
        }
    }

    /**
     * Which learners run: {@code y[i, n]} is 1 if row i uses learner n + 1, from a hard choice of the learner count;
     * {@code soft} is the Gumbel-softmax over counts {@code [rows, learners + 1]} that the gradient goes through.
     */
    record Choose(Tensor logits, Tensor soft, float temperature, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(logits);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dLogits = to.like(logits);
            to.stream().chooseBackward(soft, temperature, dy, dLogits);
            to.add(logits, dLogits);
        }
    }
}
