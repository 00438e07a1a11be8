package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.Bucket;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.tensor.Tensor;

/** The sum of word, position and (unless null) first type embedding of each token: {@code offsets[0..sequences]} cut the ids into sequences. */
public final class EmbeddingSums {
    private EmbeddingSums() {}

    public static void forward(
            Stream stream,
            int[] ids,
            int[] offsets,
            int sequences,
            Tensor words,
            Tensor positions,
            Tensor types,
            Tensor y) {
        check("embeddingSum", ids, offsets, sequences, words, positions, types, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(words, positions, types)
                    .d(y)
                    .integers(ids)
                    .forSequences(
                            y,
                            offsets,
                            sequences,
                            (o, from, to, _) -> o.kernels
                                    .sequences()
                                    .embeddingSum(o.integers, o.offsets, o.a, o.b, 0, o.c, o.d, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("embeddingSum")
                    .ints(ids, y.rows())
                    .offsets(offsets, sequences)
                    .integer(Bucket.of(sequences))
                    .tensor(words)
                    .tensor(positions)
                    .tensor(types)
                    .tensor(y)
                    .count(y.rows())
                    .integer(y.columns())
                    .runRows(y.rows());
        }
    }

    /** Adds to the tables' gradients; dTypes may be null. */
    public static void backward(
            Stream stream,
            int[] ids,
            int[] offsets,
            int sequences,
            Tensor dy,
            Tensor dWords,
            Tensor dPositions,
            Tensor dTypes) {
        check("embeddingSumBackward", ids, offsets, sequences, dWords, dPositions, dTypes, dy);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(dy, dWords, dPositions)
                    .d(dTypes)
                    .integers(ids)
                    .offsets(offsets)
                    .blocks(sequences)
                    .forColumns(
                            dy,
                            (o, from, to, _) -> o.kernels
                                    .sequences()
                                    .embeddingSumBackward(
                                            o.integers,
                                            o.offsets,
                                            o.blocks,
                                            o.a,
                                            o.b,
                                            o.c,
                                            0,
                                            o.d,
                                            o.columns,
                                            from,
                                            to));
        } else {
            CudaDevice cuda = CudaDevice.of(stream);
            cuda.kernel("embeddingWordsBackward")
                    .ints(ids, dy.rows())
                    .tensor(dy)
                    .tensor(dWords)
                    .integer(dy.rows())
                    .integer(dy.columns())
                    .runTiles(dy.rows(), dy.columns());
            int positions = CudaDevice.longest(offsets, sequences);
            cuda.kernel("embeddingPositionsBackward")
                    .offsets(offsets, sequences)
                    .integer(sequences)
                    .tensor(dy)
                    .tensor(dPositions)
                    .integer(positions)
                    .integer(dy.columns())
                    .runTiles(positions, dy.columns());
            if (dTypes != null) {
                Sums.addColumns(cuda, dy, dTypes);
            }
            cuda.wroteGradient(dWords);
        }
    }

    public static Tensor of(
            Recorder pass,
            int[] ids,
            int[] offsets,
            int sequences,
            Parameter words,
            Parameter positions,
            Parameter types) {
        Tensor y = pass.tensor(offsets[sequences], words.value().columns());
        Tensor typeValues = types == null ? null : types.value();
        forward(pass.stream(), ids, offsets, sequences, words.value(), positions.value(), typeValues, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(ids, offsets, sequences, words, positions, types, y));
        }
        return y;
    }

    private record Taped(
            int[] ids, int[] offsets, int sequences, Parameter words, Parameter positions, Parameter types, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.trains(words) || tape.trains(positions) || tape.trains(types);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dTypes = to.tape().trains(types) ? to.gradientOf(types) : null;
            EmbeddingSums.backward(
                    to.stream(), ids, offsets, sequences, dy, to.gradientOf(words), to.gradientOf(positions), dTypes);
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
            Tensor y) {
        Shapes.offsets(operation, offsets, sequences, y.rows());
        Shapes.rows(operation, ids, y.rows(), words.rows());
        Shapes.sameColumns(operation, words, y);
        Shapes.sameColumns(operation, positions, y);
        if (types != null) {
            Shapes.sameColumns(operation, types, y);
        }
        for (int i = 0; i < sequences; i++) {
            int length = offsets[i + 1] - offsets[i];
            if (length > positions.rows()) {
                throw new IllegalArgumentException(operation + ": sequence " + i + " has " + length
                        + " tokens, there are " + positions.rows() + " positions");
            }
        }
    }
}
