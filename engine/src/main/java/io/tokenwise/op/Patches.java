package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cpu.RangeJob;
import io.tokenwise.backend.cuda.Bucket;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;

/** What image models do before their encoder. */
public final class Patches {
    private Patches() {}

    /** {@code y [images * patches, values]}: pixels as {@code 0xRRGGBB}, image by image, become normalised values, patch by patch. Has no gradient. */
    public static void forward(Stream stream, int[] pixels, int images, ImagePatches patches, Tensor y) {
        int size = patches.imageSize();
        if ((long) images * size * size > pixels.length) {
            throw new IllegalArgumentException(
                    "patches: " + pixels.length + " pixels are not " + images + " images of " + size + " x " + size);
        }
        Shapes.require("patches", y, images * patches.count(), patches.values());
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(y, null, null)
                    .integers(pixels)
                    .patches(patches)
                    .forEach(images, RangeJob.grain(y.size() / Math.max(1, images)), Patches::onCpu);
        } else {
            CudaDevice cuda = CudaDevice.of(stream);
            int ofImage = size * size;
            int count = images * ofImage;
            cuda.kernel("patches")
                    .pointer(cuda.upload(pixels, count, Math.multiplyExact(Bucket.of(images), ofImage)))
                    .table(patches.table())
                    .integer(patches.side())
                    .integer(patches.patchSize())
                    .tensor(y)
                    .count(count)
                    .runValues(images, ofImage, 256);
        }
    }

    private static void onCpu(RangeJob o, int from, int to, Scratch scratch) {
        ImagePatches p = o.patches;
        o.kernels.sequences().patches(o.integers, p.table(), p.side(), p.patchSize(), o.a, from, to);
    }

    /**
     * So many images as patches, row by row, {@code [images * patches, 3 * patch size ^ 2]}: of each patch first all red values, then green, then blue.
     */
    public static Tensor of(Recorder pass, int[] pixels, int images, ImagePatches patches) {
        Tensor y = pass.tensor(images * patches.count(), patches.values());
        forward(pass.stream(), pixels, images, patches, y);
        return y;
    }

    // ---- the token before them

    /**
     * {@code y = [first; x] + positions} for sequences of equal length: x {@code [sequences * (tokens - 1), columns]}, first {@code [1, columns]},
     * positions {@code [tokens, columns]}, y {@code [sequences * tokens, columns]}.
     */
    public static void withFirst(Stream stream, Tensor x, Tensor first, Tensor positions, Tensor y) {
        checkWithFirst("withFirst", x, first, positions, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, first, positions)
                    .d(y)
                    .columns(y.columns())
                    .rows(positions.rows())
                    .forEach(
                            y.rows() / positions.rows(),
                            RangeJob.grain(positions.size()),
                            (o, from, to, _) ->
                                    o.kernels.sequences().withFirst(o.a, o.b, o.c, o.d, o.rows, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("withFirst")
                    .tensor(x)
                    .tensor(first)
                    .tensor(positions)
                    .tensor(y)
                    .count(y.rows())
                    .integer(positions.rows())
                    .integer(y.columns())
                    .runRows(y.rows());
        }
    }

    /** Writes dx, which may be null, and adds to dFirst and dPositions. */
    public static void withFirstBackward(Stream stream, Tensor dy, Tensor dx, Tensor dFirst, Tensor dPositions) {
        checkWithFirst("withFirstBackward", dx == null ? dy : dx, dFirst, dPositions, dy);
        int tokens = dPositions.rows();
        if (stream.device() instanceof CpuDevice cpu) {
            if (dx != null) {
                withoutFirst(cpu, dy, dx, tokens);
            }
            cpu.operands(dy, dFirst, dPositions)
                    .blocks(tokens)
                    .forColumns(
                            dy,
                            (o, from, to, _) -> o.kernels
                                    .sequences()
                                    .withFirstBackward(
                                            o.a, o.b, o.c, o.blocks, o.rows / o.blocks, o.columns, from, to));
        } else {
            CudaDevice cuda = CudaDevice.of(stream);
            cuda.kernel("withFirstBackward")
                    .tensor(dy)
                    .tensor(dx)
                    .tensor(dFirst)
                    .tensor(dPositions)
                    .integer(dy.rows() / tokens)
                    .integer(tokens)
                    .integer(dy.columns())
                    .runTiles(tokens, dy.columns());
            cuda.wroteGradient(dFirst);
        }
    }

    private static void withoutFirst(CpuDevice cpu, Tensor dy, Tensor dx, int tokens) {
        cpu.operands(dy, dx, null)
                .columns(dy.columns())
                .rows(tokens)
                .forEach(
                        dy.rows() / tokens,
                        RangeJob.grain(tokens * dy.columns()),
                        (o, from, to, _) -> o.kernels.sequences().withoutFirst(o.a, o.b, o.rows, o.columns, from, to));
    }

    /**
     * Puts the same first token before those of each sequence, and adds the positions: {@code y[0] = first + positions[0]}, {@code y[t] = x[t - 1] +
     * positions[t]}. All sequences have as many tokens as there are positions.
     */
    public static Tensor withFirst(Recorder pass, Tensor x, Parameter first, Parameter positions) {
        int tokens = positions.value().rows();
        Tensor y = pass.tensor(x.rows() / (tokens - 1) * tokens, x.columns());
        withFirst(pass.stream(), x, first.value(), positions.value(), y);
        if (pass.tape() != null) {
            pass.tape().record(new WithFirst(x, first, positions, y));
        }
        return y;
    }

    private record WithFirst(Tensor x, Parameter first, Parameter positions, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(first) || tape.trains(positions);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.tracks(x) ? to.like(x) : null;
            withFirstBackward(to.stream(), dy, dx, to.gradientOf(first), to.gradientOf(positions));
            if (dx != null) {
                to.add(x, dx);
            }
        }
    }

    private static void checkWithFirst(String operation, Tensor x, Tensor first, Tensor positions, Tensor y) {
        int tokens = positions.rows();
        Shapes.sameColumns(operation, positions, y);
        Shapes.vector(operation + " first", first, y.columns());
        if (y.rows() % tokens != 0) {
            throw new IllegalArgumentException(
                    operation + ": " + y.shape() + " are not sequences of " + tokens + " tokens");
        }
        if (x != y) {
            Shapes.require(operation, x, y.rows() / tokens * (tokens - 1), y.columns());
        }
    }
}
