package io.tokenwise.op;

import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.tensor.Tensor;

/** Group normalisation (Wu and He 2018) with a group for each column. It has no gradient. */
public final class ChannelNorms {
    private ChannelNorms() {}

    /** Each column of each sequence brought to mean 0 and variance 1, then {@code * gamma + beta}. y may be x. */
    public static void forward(
            Stream stream, Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y) {
        Shapes.offsets("channelNorm", offsets, sequences, x.rows());
        Shapes.same("channelNorm", x, y);
        Shapes.vector("channelNorm gamma", gamma, x.columns());
        Shapes.vector("channelNorm beta", beta, x.columns());
        CpuDevice.only(stream, "channelNorm")
                .operands(x, gamma, beta)
                .d(y)
                .offsets(offsets)
                .blocks(sequences)
                .value(epsilon)
                .forColumns(
                        x,
                        (o, from, to, _) -> o.kernels
                                .speech()
                                .channelNorm(o.a, o.offsets, o.blocks, o.b, o.c, o.value, o.d, o.columns, from, to));
    }
}
