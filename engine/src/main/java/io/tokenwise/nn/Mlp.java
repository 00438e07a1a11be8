package io.tokenwise.nn;

import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/** {@code W2 gelu(W1 x + b1) + b2}. Forward without a tape is thread-safe for different passes once {@link #prepare} has run. */
public final class Mlp implements Block {
    private final Linear up;
    private final Linear down;

    /** What inference uses; null until it is prepared. */
    private MlpSlices whole;

    public Mlp(Linear up, Linear down) {
        this.up = up;
        this.down = down;
    }

    public Linear up() {
        return up;
    }

    public Linear down() {
        return down;
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        if (pass.tape() != null) {
            return down.forwardPlus(pass, up.forwardGelu(pass, x), residual);
        }
        prepare(pass.stream());
        Tensor y = pass.tensor(x.rows(), down.weight().outputs());
        forward(pass, x, null, x.rows(), residual, y);
        return y;
    }

    /** In inference: for the first {@code count} entries of rows, or, if rows is null, for the first rows themselves, {@code y = mlp(x) + residual}. */
    public void forward(Pass pass, Tensor x, int[] rows, int count, Tensor residual, Tensor y) {
        pass.push();
        Tensor units = pass.tensor(count, up.weight().outputs());
        pass.stream().mlp(x, rows, pass.groups(0).all(count, 1), whole, residual, units, y);
        pass.pop();
    }

    @Override
    public void prepare(Stream stream) {
        var upMatrix = up.weight().packed(stream);
        var downMatrix = down.weight().packed(stream);
        if (whole == null) {
            whole = new MlpSlices(
                    List.of(upMatrix),
                    List.of(up.bias().value()),
                    List.of(downMatrix),
                    List.of(down.bias().value()));
        }
    }

    @Override
    public double flopsPerToken(double share) {
        return up.flopsPerToken() + down.flopsPerToken();
    }
}
