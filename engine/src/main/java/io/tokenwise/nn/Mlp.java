package io.tokenwise.nn;

import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.op.Activations;
import io.tokenwise.op.GatedUnits;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * {@code W2 act(W1 x + b1) + b2}, or, if it is gated (Shazeer 2020), {@code W2 (u * act(g)) + b2} with {@code [u, g] = W1 x + b1}; without b1 and b2 where the
 * layers have none. Forward without a tape is thread-safe for different passes once {@link #prepare} has run.
 */
public final class Mlp implements Block {
    private final Linear up;
    private final Linear down;
    private final Activation activation;
    private final boolean gated;

    /** What inference uses; null until it is prepared. */
    private MlpSlices whole;

    /** With GELU and without gates. */
    public Mlp(Linear up, Linear down) {
        this(up, down, Activation.GELU, false);
    }

    /** @param up has for each unit one column, or, if the MLP is gated, one of u and, after all of these, one of g */
    public Mlp(Linear up, Linear down, Activation activation, boolean gated) {
        this.up = up;
        this.down = down;
        this.activation = activation;
        this.gated = gated;
    }

    public Linear up() {
        return up;
    }

    public Linear down() {
        return down;
    }

    public Activation activation() {
        return activation;
    }

    public boolean isGated() {
        return gated;
    }

    /** Hidden units; {@link #up} has as many columns, or twice as many if the MLP is gated. */
    public int units() {
        return down.weight().inputs();
    }

    /** The hidden units' values {@code [tokens, units]}. */
    public Tensor units(Pass pass, Tensor x) {
        return units(pass, x, up, units());
    }

    /**
     * The same of some units, {@code [tokens, some]}.
     *
     * @param some instead of {@link #up}
     * @param together if the MLP is gated, how many columns of u lie together before those of g
     */
    public Tensor units(Pass pass, Tensor x, Linear some, int together) {
        if (gated) {
            return GatedUnits.of(pass, some.forward(pass, x), activation, together);
        }
        return activation == Activation.GELU
                ? some.forwardGelu(pass, x)
                : Activations.of(pass, some.forward(pass, x), activation);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        return pass.tape() != null ? inSteps(pass, x, residual) : infer(pass, x, residual);
    }

    private Tensor inSteps(Pass pass, Tensor x, Tensor residual) {
        return down.forwardPlus(pass, units(pass, x), residual);
    }

    private Tensor infer(Pass pass, Tensor x, Tensor residual) {
        Tensor y = residual == null ? pass.tensor(x.rows(), down.weight().outputs()) : pass.over(residual);
        pass.stream().mlp(x, whole(), residual, pass.workspace(), y);
        return y;
    }

    /** In inference: all of it as one slice. */
    public MlpSlices whole() {
        assert isPrepared() : this + " was changed and not prepared again";
        return whole;
    }

    private boolean isPrepared() {
        return up.weight().isPrepared() && down.weight().isPrepared();
    }

    @Override
    public void prepare(Stream stream) {
        var upMatrix = up.weight().prepare(stream);
        var downMatrix = down.weight().prepare(stream);
        if (whole == null) {
            whole = new MlpSlices(
                    new OutputSlices(List.of(upMatrix), List.of(bias(up))),
                    new InputSlices(List.of(downMatrix), List.of(bias(down))),
                    activation,
                    gated);
        }
    }

    private static Tensor bias(Linear linear) {
        return linear.bias() == null ? linear.weight().noBias() : linear.bias().value();
    }

    @Override
    public String toString() {
        return "mlp of " + up.weight().parameter() + " and " + down.weight().parameter();
    }

    @Override
    public double flopsPerToken(double share) {
        return up.flopsPerToken() + down.flopsPerToken();
    }
}
