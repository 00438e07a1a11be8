package io.tokenwise.model.wav2vec2;

import io.tokenwise.backend.Stream;
import io.tokenwise.model.FrameWriter;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/**
 * Writes letters by what each frame may be (Graves et al. 2006).
 *
 * @param head of frames' vectors what each may be
 * @param blank the token that is no letter
 */
record CtcWriter(Linear head, int blank) implements FrameWriter {
    @Override
    public Tensor logits(Pass pass, Tensor frames) {
        return head.forward(pass, frames);
    }

    @Override
    public int[] write(Pass pass, Tensor frames, int samples) {
        try (HostTensor logits = pass.stream().read(logits(pass, frames))) {
            return CtcGreedy.letters(logits, blank);
        }
    }

    @Override
    public int[] search(Pass pass, Tensor frames, int beam) {
        try (HostTensor logits = pass.stream().read(logits(pass, frames))) {
            return CtcBeam.letters(logits, blank, beam);
        }
    }

    /** The head's. */
    @Override
    public double flops(int frames, int tokens, double share) {
        return (double) frames * head.flopsPerToken();
    }

    void prepare(Stream stream) {
        head.weight().prepare(stream);
    }
}
