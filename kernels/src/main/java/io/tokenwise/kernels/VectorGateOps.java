package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Gates a vector at a time; what remains of a range or a row goes to the scalar twin, which gives the same bits. Each activation has loops of its own:
 * a choice inside of one would let no vector stay in a register.
 */
final class VectorGateOps implements GateOps {
    private static final FloatVector ZERO = FloatVector.zero(F);
    private static final FloatVector ONE = FloatVector.broadcast(F, 1);

    private final ScalarGateOps rest = new ScalarGateOps();
    private final VectorElementwise elements = new VectorElementwise();

    @Override
    public void activate(Floats x, Floats y, Activation activation, int from, int to) {
        int end = from + F.loopBound(Math.max(0, to - from));
        switch (activation) {
            case GELU -> elements.gelu(x, y, from, end);
            case GELU_TANH -> geluTanh(x, y, from, end);
            case SILU -> silu(x, y, from, end);
            case RELU -> relu(x, y, from, end);
            case TANH -> tanh(x, y, from, end);
        }
        rest.activate(x, y, activation, end, to);
    }

    private static void geluTanh(Floats x, Floats y, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER);
            value.div(VectorMath.geluTanhClosed(value)).intoMemorySegment(yMemory, yBase + at, ORDER);
        }
    }

    private static void silu(Floats x, Floats y, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER);
            value.div(VectorMath.siluClosed(value)).intoMemorySegment(yMemory, yBase + at, ORDER);
        }
    }

    private static void relu(Floats x, Floats y, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER);
            value.blend(ZERO, value.compare(LT, ZERO)).intoMemorySegment(yMemory, yBase + at, ORDER);
        }
    }

    private static void tanh(Floats x, Floats y, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER);
            VectorMath.tanh(value).intoMemorySegment(yMemory, yBase + at, ORDER);
        }
    }

    @Override
    public void activateBackward(Floats x, Floats dy, Floats dx, Activation activation, int from, int to) {
        int end = from + F.loopBound(Math.max(0, to - from));
        switch (activation) {
            case GELU -> elements.geluBackward(x, dy, dx, from, end);
            case GELU_TANH -> geluTanhBackward(x, dy, dx, from, end);
            case SILU -> siluBackward(x, dy, dx, from, end);
            case RELU -> reluBackward(x, dy, dx, from, end);
            case TANH -> tanhBackward(x, dy, dx, from, end);
        }
        rest.activateBackward(x, dy, dx, activation, end, to);
    }

    private static void geluTanhBackward(Floats x, Floats dy, Floats dx, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.offset();
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, dyBase + at, ORDER);
            gradient.mul(VectorMath.geluTanhSlope(value)).intoMemorySegment(dxMemory, dxBase + at, ORDER);
        }
    }

    private static void siluBackward(Floats x, Floats dy, Floats dx, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.offset();
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, dyBase + at, ORDER);
            gradient.mul(VectorMath.siluSlope(value)).intoMemorySegment(dxMemory, dxBase + at, ORDER);
        }
    }

    private static void reluBackward(Floats x, Floats dy, Floats dx, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.offset();
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, dyBase + at, ORDER);
            gradient.mul(ZERO.blend(ONE, value.compare(GT, ZERO))).intoMemorySegment(dxMemory, dxBase + at, ORDER);
        }
    }

    private static void tanhBackward(Floats x, Floats dy, Floats dx, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.offset();
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, dyBase + at, ORDER);
            gradient.mul(VectorMath.tanhSlope(value)).intoMemorySegment(dxMemory, dxBase + at, ORDER);
        }
    }

    @Override
    public void gated(Floats x, Floats y, Activation activation, int units, int from, int to) {
        int whole = F.loopBound(units);
        for (int i = from; i < to; i++) {
            long up = x.at(2L * i * units);
            long gates = x.at((2L * i + 1) * units);
            long out = y.at((long) i * units);
            switch (activation) {
                case GELU -> gatedGelu(x, up, gates, y, out, whole);
                case GELU_TANH -> gatedGeluTanh(x, up, gates, y, out, whole);
                case SILU -> gatedSilu(x, up, gates, y, out, whole);
                case RELU -> gatedRelu(x, up, gates, y, out, whole);
                case TANH -> gatedTanh(x, up, gates, y, out, whole);
            }
            ScalarGateOps.gatedRow(x, y, activation, units, i, whole);
        }
    }

    private static void gatedGelu(Floats x, long up, long gates, Floats y, long out, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment yMemory = y.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            value.mul(VectorMath.gelu(gate)).intoMemorySegment(yMemory, out + at, ORDER);
        }
    }

    private static void gatedGeluTanh(Floats x, long up, long gates, Floats y, long out, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment yMemory = y.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            value.mul(gate).div(VectorMath.geluTanhClosed(gate)).intoMemorySegment(yMemory, out + at, ORDER);
        }
    }

    private static void gatedSilu(Floats x, long up, long gates, Floats y, long out, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment yMemory = y.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            value.mul(gate).div(VectorMath.siluClosed(gate)).intoMemorySegment(yMemory, out + at, ORDER);
        }
    }

    private static void gatedRelu(Floats x, long up, long gates, Floats y, long out, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment yMemory = y.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            value.mul(gate.blend(ZERO, gate.compare(LT, ZERO))).intoMemorySegment(yMemory, out + at, ORDER);
        }
    }

    private static void gatedTanh(Floats x, long up, long gates, Floats y, long out, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment yMemory = y.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            value.mul(VectorMath.tanh(gate)).intoMemorySegment(yMemory, out + at, ORDER);
        }
    }

    @Override
    public void gatedBackward(Floats x, Floats dy, Floats dx, Activation activation, int units, int from, int to) {
        int whole = F.loopBound(units);
        for (int i = from; i < to; i++) {
            long up = x.at(2L * i * units);
            long gates = x.at((2L * i + 1) * units);
            long in = dy.at((long) i * units);
            long outUp = dx.at(2L * i * units);
            long outGates = dx.at((2L * i + 1) * units);
            switch (activation) {
                case GELU -> {
                    int gate = (2 * i + 1) * units;
                    gatedGeluBackward(x, up, gates, dy, in, dx, outUp, outGates, whole);
                    elements.geluBackward(x, dx, dx, gate, gate + whole);
                }
                case GELU_TANH -> gatedGeluTanhBackward(x, up, gates, dy, in, dx, outUp, outGates, whole);
                case SILU -> gatedSiluBackward(x, up, gates, dy, in, dx, outUp, outGates, whole);
                case RELU -> gatedReluBackward(x, up, gates, dy, in, dx, outUp, outGates, whole);
                case TANH -> {
                    int gate = (2 * i + 1) * units;
                    gatedTanhBackward(x, up, gates, dy, in, dx, outUp, outGates, whole);
                    tanhBackward(x, dx, dx, gate, gate + whole);
                }
            }
            ScalarGateOps.gatedBackwardRow(x, dy, dx, activation, units, i, whole);
        }
    }

    /** Without the gate's slope, by which the caller multiplies: with both formulas C2 stops inlining, and each vector becomes an object. */
    private static void gatedGeluBackward(
            Floats x, long up, long gates, Floats dy, long in, Floats dx, long outUp, long outGates, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment dyMemory = dy.segment();
        MemorySegment dxMemory = dx.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, in + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            gradient.mul(VectorMath.gelu(gate)).intoMemorySegment(dxMemory, outUp + at, ORDER);
            gradient.mul(value).intoMemorySegment(dxMemory, outGates + at, ORDER);
        }
    }

    private static void gatedGeluTanhBackward(
            Floats x, long up, long gates, Floats dy, long in, Floats dx, long outUp, long outGates, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment dyMemory = dy.segment();
        MemorySegment dxMemory = dx.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, in + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            gradient.mul(gate)
                    .mul(ONE.div(VectorMath.geluTanhClosed(gate)))
                    .intoMemorySegment(dxMemory, outUp + at, ORDER);
            gradient.mul(value).mul(VectorMath.geluTanhSlope(gate)).intoMemorySegment(dxMemory, outGates + at, ORDER);
        }
    }

    private static void gatedSiluBackward(
            Floats x, long up, long gates, Floats dy, long in, Floats dx, long outUp, long outGates, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment dyMemory = dy.segment();
        MemorySegment dxMemory = dx.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, in + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            gradient.mul(gate).mul(ONE.div(VectorMath.siluClosed(gate))).intoMemorySegment(dxMemory, outUp + at, ORDER);
            gradient.mul(value).mul(VectorMath.siluSlope(gate)).intoMemorySegment(dxMemory, outGates + at, ORDER);
        }
    }

    private static void gatedReluBackward(
            Floats x, long up, long gates, Floats dy, long in, Floats dx, long outUp, long outGates, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment dyMemory = dy.segment();
        MemorySegment dxMemory = dx.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, in + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            gradient.mul(gate.blend(ZERO, gate.compare(LT, ZERO))).intoMemorySegment(dxMemory, outUp + at, ORDER);
            gradient.mul(value)
                    .mul(ZERO.blend(ONE, gate.compare(GT, ZERO)))
                    .intoMemorySegment(dxMemory, outGates + at, ORDER);
        }
    }

    /** Without the gate's slope, for the same reason. */
    private static void gatedTanhBackward(
            Floats x, long up, long gates, Floats dy, long in, Floats dx, long outUp, long outGates, int whole) {
        MemorySegment xMemory = x.segment();
        MemorySegment dyMemory = dy.segment();
        MemorySegment dxMemory = dx.segment();
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector gate = FloatVector.fromMemorySegment(F, xMemory, gates + at, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(F, dyMemory, in + at, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, up + at, ORDER);
            gradient.mul(VectorMath.tanh(gate)).intoMemorySegment(dxMemory, outUp + at, ORDER);
            gradient.mul(value).intoMemorySegment(dxMemory, outGates + at, ORDER);
        }
    }
}
