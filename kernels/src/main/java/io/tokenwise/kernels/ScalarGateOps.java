package io.tokenwise.kernels;

/** Gates without vectors. {@link VectorGateOps} does the same operations in the same order, and ends its ranges here. */
final class ScalarGateOps implements GateOps {
    @Override
    public void activate(Floats x, Floats y, Activation activation, int from, int to) {
        for (int i = from; i < to; i++) {
            y.set(i, activation.of(x.get(i)));
        }
    }

    @Override
    public void activateBackward(Floats x, Floats dy, Floats dx, Activation activation, int from, int to) {
        for (int i = from; i < to; i++) {
            dx.set(i, dy.get(i) * slope(activation, x.get(i)));
        }
    }

    private static float slope(Activation activation, float x) {
        return switch (activation) {
            case GELU -> ScalarMath.geluSlope(x);
            case GELU_TANH, SILU -> ScalarMath.openSlope(x, activation == Activation.SILU);
            case RELU -> x > 0 ? 1 : 0;
            case TANH -> ScalarMath.tanhSlope(x);
        };
    }

    @Override
    public void gated(Floats x, Floats y, Activation activation, int units, int from, int to) {
        for (int i = from; i < to; i++) {
            gatedRow(x, y, activation, units, i, 0);
        }
    }

    /** One row, from a unit on. */
    static void gatedRow(Floats x, Floats y, Activation activation, int units, int row, int unit) {
        long up = 2L * row * units;
        for (int j = unit; j < units; j++) {
            y.set((long) row * units + j, gated(x.get(up + j), x.get(up + units + j), activation));
        }
    }

    static float gated(float up, float gate, Activation activation) {
        return switch (activation) {
            case GELU, RELU, TANH -> up * activation.of(gate);
            // One division for both.
            case GELU_TANH, SILU -> up * gate / ScalarMath.closed(gate, activation == Activation.SILU);
        };
    }

    @Override
    public void gatedBackward(Floats x, Floats dy, Floats dx, Activation activation, int units, int from, int to) {
        for (int i = from; i < to; i++) {
            gatedBackwardRow(x, dy, dx, activation, units, i, 0);
        }
    }

    /** One row, from a unit on. */
    static void gatedBackwardRow(Floats x, Floats dy, Floats dx, Activation activation, int units, int row, int unit) {
        long up = 2L * row * units;
        for (int j = unit; j < units; j++) {
            float gate = x.get(up + units + j);
            float gradient = dy.get((long) row * units + j);
            float through = switch (activation) {
                case GELU, RELU, TANH -> gradient * activation.of(gate);
                case GELU_TANH, SILU -> gradient * gate * (1 / ScalarMath.closed(gate, activation == Activation.SILU));
            };
            dx.set(up + units + j, gradient * x.get(up + j) * slope(activation, gate));
            dx.set(up + j, through);
        }
    }
}
