package io.tokenwise.model.moonshine;

import io.tokenwise.backend.Stream;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.SoundForm;
import io.tokenwise.nn.Convolution;
import io.tokenwise.nn.GroupNorm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Windows;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/** Moonshine's front end (Jeffries et al. 2024, section 3.1): three convolutions from samples to frames, of 384 samples each. */
record SoundFrontEnd(Convolution first, GroupNorm norm, Convolution second, Convolution third) {
    static SoundFrontEnd of(MoonshineArchitecture architecture, LayerBuilder parts) {
        int hidden = architecture.hiddenSize();
        List<SoundForm.Step> sizes = MoonshineArchitecture.SOUND.convolutions();
        return new SoundFrontEnd(
                parts.convolution("encoder.conv1", 1, hidden, sizes.get(0), false),
                parts.groupNorm("encoder.groupnorm", architecture.layerNormEpsilon()),
                parts.convolution("encoder.conv2", hidden, 2 * hidden, sizes.get(1), true),
                parts.convolution("encoder.conv3", 2 * hidden, hidden, sizes.get(2), true));
    }

    /** The frames of the batch's recordings, {@code [frames, hidden]}. */
    Tensor forward(Pass pass, TokenBatch batch) {
        int count = batch.sequences();
        int[] samples = batch.inputOffsets();
        int[] afterFirst = first.offsets(samples, count);
        int[] afterSecond = second.offsets(afterFirst, count);
        Tensor y = pass.tensor(batch.tokens(), norm.gamma().value().columns());
        pass.push();
        Tensor x = first.forward(
                pass, Windows.samples(pass, batch.inputs(), batch.inputLength()), samples, afterFirst, count, false);
        Activations.tanh(pass.stream(), x, x);
        norm.forward(pass, x, afterFirst, count);
        x = second.forward(pass, x, afterFirst, afterSecond, count, true);
        x = third.forward(pass, x, afterSecond, batch.offsets(), count, true);
        return pass.popKeeping(x, y);
    }

    /** Multiply-adds of a frame. */
    double flopsPerFrame() {
        double perSecond = second.kernel().flopsPerToken()
                + second.step() * (double) first.kernel().flopsPerToken();
        return third.kernel().flopsPerToken() + third.step() * perSecond;
    }

    void prepare(Stream stream) {
        first.kernel().weight().prepare(stream);
        second.kernel().weight().prepare(stream);
        third.kernel().weight().prepare(stream);
    }
}
