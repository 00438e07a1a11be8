package io.tokenwise.nn;

import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.op.GatedUnits;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * {@code W2 gelu(W1 x + b1) + b2}, or, if it is gated (Shazeer 2020), {@code W2 (u * silu(g)) + b2} with {@code [u, g] = W1 x + b1}. Forward without a tape
 * is thread-safe for different passes once {@link #prepare} has run.
 */
public final class Mlp implements Block {
    private final Linear up;
    private final Linear down;
    private final boolean gated;

    /** What inference uses; null until it is prepared, and if the MLP is gated. */
    private MlpSlices whole;

    public Mlp(Linear up, Linear down) {
        this(up, down, false);
    }

    private Mlp(Linear up, Linear down, boolean gated) {
        this.up = up;
        this.down = down;
        this.gated = gated;
    }

    /** @param up has for each unit one column of u and, after all of these, one of g */
    public static Mlp gated(Linear up, Linear down) {
        return new Mlp(up, down, true);
    }

    public Linear up() {
        return up;
    }

    public Linear down() {
        return down;
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
        return gated
                ? GatedUnits.of(pass, some.forward(pass, x), Activation.SILU, together)
                : some.forwardGelu(pass, x);
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        return gated || pass.tape() != null ? inSteps(pass, x, residual) : infer(pass, x, residual);
    }

    private Tensor inSteps(Pass pass, Tensor x, Tensor residual) {
        return down.forwardPlus(pass, units(pass, x), residual);
    }

    private Tensor infer(Pass pass, Tensor x, Tensor residual) {
        Tensor y = pass.tensor(x.rows(), down.weight().outputs());
        pass.stream().mlp(x, whole(), residual, pass.workspace(), y);
        return y;
    }

    /** In inference, unless it is gated: all of it as one slice. */
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
        if (whole == null && !gated) {
            whole = new MlpSlices(
                    List.of(upMatrix),
                    List.of(up.bias().value()),
                    List.of(downMatrix),
                    List.of(down.bias().value()));
        }
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
