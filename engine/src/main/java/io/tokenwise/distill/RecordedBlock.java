package io.tokenwise.distill;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;

/** A block of the teacher that also keeps what went in and what came out, without the residual, in another workspace. */
final class RecordedBlock implements Block {
    private final Block block;
    private final Workspace keep;
    private Tensor input;
    private Tensor output;

    RecordedBlock(Block block, Workspace keep) {
        this.block = block;
        this.keep = keep;
    }

    Block block() {
        return block;
    }

    /** {@code [tokens, hidden]}, of the last forward. */
    Tensor input() {
        return input;
    }

    /** {@code [tokens, hidden]}, of the last forward. */
    Tensor output() {
        return output;
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        input = keep.tensor(x.rows(), x.columns());
        pass.stream().copy(x, input);
        Tensor y = block.forward(pass, x, null);
        output = keep.tensor(y.rows(), y.columns());
        pass.stream().copy(y, output);
        return Sums.of(pass, y, residual);
    }

    @Override
    public void prepare(Stream stream) {
        block.prepare(stream);
    }

    @Override
    public double flopsPerToken(double share) {
        return block.flopsPerToken(share);
    }
}
