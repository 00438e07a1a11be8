package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cpu.RangeJob;
import io.tokenwise.backend.cuda.Bucket;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/**
 * The sum of word, position and type embedding of each token: {@code offsets[0..sequences]} cut the ids into sequences. Of an id the lower 24 bits are the
 * word, what is above is the type. Positions and types may be null.
 */
public final class EmbeddingSums {
    private EmbeddingSums() {}

    /**
     * @param scale what a word's embedding is multiplied by
     * @param first row of the positions that a sequence's first token has
     */
    public record Form(float scale, int first) {
        /** Words as they are, positions from the first row on. */
        public static final Form PLAIN = new Form(1, 0);
    }

    public static void forward(
            Stream stream,
            int[] ids,
            int[] offsets,
            int sequences,
            Tensor words,
            Tensor positions,
            Tensor types,
            Tensor y) {
        forward(stream, ids, offsets, sequences, words, positions, types, Form.PLAIN, y);
    }

    public static void forward(
            Stream stream,
            int[] ids,
            int[] offsets,
            int sequences,
            Tensor words,
            Tensor positions,
            Tensor types,
            Form form,
            Tensor y) {
        check("embeddingSum", ids, offsets, sequences, words, positions, types, form, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(words, positions, types)
                    .d(y)
                    .integers(ids)
                    .value(form.scale())
                    .first(form.first())
                    .forSequences(
                            y,
                            offsets,
                            sequences,
                            (o, from, to, _) -> o.kernels
                                    .sequences()
                                    .embeddingSum(
                                            o.integers,
                                            o.offsets,
                                            o.a,
                                            o.value,
                                            o.b,
                                            o.first,
                                            o.c,
                                            o.d,
                                            o.columns,
                                            from,
                                            to));
        } else {
            CudaDevice.of(stream)
                    .kernel("embeddingSum")
                    .ints(ids, y.rows())
                    .offsets(offsets, sequences)
                    .integer(Bucket.of(sequences))
                    .tensor(words)
                    .floating(form.scale())
                    .tensor(positions)
                    .integer(form.first())
                    .tensor(types)
                    .tensor(y)
                    .count(y.rows())
                    .integer(y.columns())
                    .runRows(y.rows());
        }
    }

    /** Adds to the tables' gradients; dPositions and dTypes may be null. */
    public static void backward(
            Stream stream,
            int[] ids,
            int[] offsets,
            int sequences,
            Tensor dy,
            Tensor dWords,
            Tensor dPositions,
            Tensor dTypes,
            Form form) {
        check("embeddingSumBackward", ids, offsets, sequences, dWords, dPositions, dTypes, form, dy);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(dy, dWords, dPositions)
                    .d(dTypes)
                    .integers(ids)
                    .offsets(offsets)
                    .blocks(sequences)
                    .value(form.scale())
                    .first(form.first())
                    .forColumns(dy, EmbeddingSums::backwardOnCpu);
        } else {
            CudaDevice cuda = CudaDevice.of(stream);
            addRows(cuda, ids, 0, form.scale(), dy, dWords);
            if (dPositions != null) {
                int positions = CudaDevice.longest(offsets, sequences);
                cuda.kernel("embeddingPositionsBackward")
                        .offsets(offsets, sequences)
                        .integer(sequences)
                        .tensor(dy)
                        .tensor(dPositions)
                        .integer(form.first())
                        .integer(positions)
                        .integer(dy.columns())
                        .runTiles(positions, dy.columns());
            }
            if (dTypes != null && Arrays.stream(ids, 0, dy.rows()).anyMatch(id -> id > SequenceOps.WORD)) {
                addRows(cuda, ids, SequenceOps.TYPE_SHIFT, 1, dy, dTypes);
            } else if (dTypes != null) {
                // By many threads.
                Sums.addColumns(cuda, dy, dTypes);
            }
            cuda.wroteGradient(dWords);
        }
    }

    private static void addRows(CudaDevice cuda, int[] ids, int shift, float scale, Tensor dy, Tensor dTable) {
        cuda.kernel("embeddingBackward")
                .ints(ids, dy.rows())
                .integer(shift)
                .tensor(dy)
                .tensor(dTable)
                .floating(scale)
                .integer(dy.rows())
                .integer(dy.columns())
                .runTiles(dy.rows(), dy.columns());
    }

    private static void backwardOnCpu(RangeJob o, int from, int to, Scratch scratch) {
        o.kernels
                .sequences()
                .embeddingSumBackward(
                        o.integers, o.offsets, o.blocks, o.a, o.b, o.value, o.c, o.first, o.d, o.columns, from, to);
    }

    public static Tensor of(
            Recorder pass,
            int[] ids,
            int[] offsets,
            int sequences,
            Parameter words,
            Parameter positions,
            Parameter types) {
        return of(pass, ids, offsets, sequences, words, positions, types, Form.PLAIN);
    }

    public static Tensor of(
            Recorder pass,
            int[] ids,
            int[] offsets,
            int sequences,
            Parameter words,
            Parameter positions,
            Parameter types,
            Form form) {
        Tensor y = pass.tensor(offsets[sequences], words.value().columns());
        Tensor placed = positions == null ? null : positions.value();
        Tensor typed = types == null ? null : types.value();
        forward(pass.stream(), ids, offsets, sequences, words.value(), placed, typed, form, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(ids, offsets, sequences, words, positions, types, form, y));
        }
        return y;
    }

    private record Taped(
            int[] ids,
            int[] offsets,
            int sequences,
            Parameter words,
            Parameter positions,
            Parameter types,
            Form form,
            Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.trains(words) || tape.trains(positions) || tape.trains(types);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dPositions = positions == null ? null : to.gradientOf(positions);
            Tensor dTypes = to.tape().trains(types) ? to.gradientOf(types) : null;
            EmbeddingSums.backward(
                    to.stream(), ids, offsets, sequences, dy, to.gradientOf(words), dPositions, dTypes, form);
        }
    }

    private static void check(
            String operation,
            int[] ids,
            int[] offsets,
            int sequences,
            Tensor words,
            Tensor positions,
            Tensor types,
            Form form,
            Tensor y) {
        Shapes.offsets(operation, offsets, sequences, y.rows());
        checkIds(operation, ids, y.rows(), words, types);
        Shapes.sameColumns(operation, words, y);
        if (types != null) {
            Shapes.sameColumns(operation, types, y);
        }
        if (positions == null) {
            return;
        }
        Shapes.sameColumns(operation, positions, y);
        for (int i = 0; i < sequences; i++) {
            int length = offsets[i + 1] - offsets[i];
            if (length > positions.rows() - form.first()) {
                throw new IllegalArgumentException(operation + ": sequence " + i + " has " + length
                        + " tokens, there are " + (positions.rows() - form.first()) + " positions");
            }
        }
    }

    private static void checkIds(String operation, int[] ids, int count, Tensor words, Tensor types) {
        if (count > ids.length) {
            throw new IllegalArgumentException(operation + ": " + count + " rows wanted, " + ids.length + " given");
        }
        for (int i = 0; i < count; i++) {
            int word = ids[i] & SequenceOps.WORD;
            int type = ids[i] >>> SequenceOps.TYPE_SHIFT;
            if (ids[i] < 0 || word >= words.rows()) {
                throw new IllegalArgumentException(operation + ": row " + (ids[i] < 0 ? ids[i] : word)
                        + " is outside a matrix of " + words.rows() + " rows");
            }
            if (types != null && type >= types.rows()) {
                throw new IllegalArgumentException(
                        operation + ": type " + type + " is outside a table of " + types.rows() + " types");
            }
        }
    }
}
