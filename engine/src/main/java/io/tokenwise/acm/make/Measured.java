package io.tokenwise.acm.make;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.tensor.HostTensor;
import java.lang.foreign.Arena;
import java.util.Map;

/** A dense block that also sums up how it behaves on the text that goes through it: by this its adaptive form is cut into learners. */
sealed interface Measured extends Block permits MeasuredMlp, MeasuredAttention {
    Block dense();

    @Override
    default void prepare(Stream stream) {
        dense().prepare(stream);
    }

    @Override
    default double flopsPerToken(double share) {
        return dense().flopsPerToken(share);
    }

    /** The adaptive form: with all learners it computes what the dense block does. Its parameters enter the set. */
    AdaptiveBlock adaptive(Parameters parameters, String path, AdaptiveLayers layers);

    /** Writes into the learners' matrices what they start with: the dense weights. */
    static void copyDense(AdaptiveBlock adaptive, Backend backend) {
        try (Arena arena = Arena.ofConfined()) {
            adaptive.denseSlices(arena).forEach((learned, dense) -> {
                try (HostTensor from = backend.read(dense);
                        HostTensor to = learned.write()) {
                    to.copyFrom(from);
                }
            });
        }
    }

    /** Runs a model while these are in its slots; afterwards the dense blocks are there again. */
    static void run(Map<BlockSlot, ? extends Measured> blocks, Runnable forwards) {
        blocks.forEach(BlockSlot::replace);
        try {
            forwards.run();
        } finally {
            blocks.forEach((slot, block) -> slot.replace(block.dense()));
        }
    }
}
