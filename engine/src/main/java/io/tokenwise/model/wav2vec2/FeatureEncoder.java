package io.tokenwise.model.wav2vec2;

import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.SoundForm;
import io.tokenwise.nn.ChannelNorm;
import io.tokenwise.nn.Convolution;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Activations;
import io.tokenwise.op.ChannelNorms;
import io.tokenwise.op.Windows;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * wav2vec 2.0's feature encoder (Baevski et al. 2020, section 2): convolutions from samples to frames.
 *
 * @param steps first to last
 * @param levelled whether each recording is first brought to mean 0 and variance 1
 */
record FeatureEncoder(List<Step> steps, Activation activation, boolean levelled) {
    /** What PyTorch takes if nothing else is said; no file says it. */
    private static final double EPSILON = 1e-5;

    /** Of transformers' feature extractor. */
    private static final float LEVEL_EPSILON = 1e-7f;

    /** A convolution and the norm behind it: one of the two, or none. */
    record Step(Convolution convolution, ChannelNorm channelNorm, LayerNorm layerNorm) {}

    static FeatureEncoder of(Wav2Vec2Architecture sizes, SoundForm sound, LayerBuilder parts) {
        var steps = new ArrayList<Step>();
        int inputs = 1;
        for (int i = 0; i < sizes.channels().size(); i++) {
            String path = "feature_extractor.conv_layers." + i + ".";
            int outputs = sizes.channels().get(i);
            Convolution convolution = parts.convolution(
                    path + "conv", inputs, outputs, sound.convolutions().get(i), sizes.convolutionBias());
            ChannelNorm channelNorm =
                    i == 0 && !sizes.normOfAll() ? parts.channelNorm(path + "layer_norm", outputs, EPSILON) : null;
            LayerNorm layerNorm = sizes.normOfAll()
                    ? parts.layerNorm(path + "layer_norm", NormForm.layerNorm(EPSILON), outputs)
                    : null;
            steps.add(new Step(convolution, channelNorm, layerNorm));
            inputs = outputs;
        }
        return new FeatureEncoder(List.copyOf(steps), sizes.soundActivation(), sizes.levelled());
    }

    /** The frames of the batch's recordings, {@code [frames, channels]}. */
    Tensor forward(Pass pass, TokenBatch batch) {
        int count = batch.sequences();
        int[] offsets = batch.inputOffsets();
        Tensor x = Windows.samples(pass, batch.inputs(), batch.inputLength());
        if (levelled) {
            level(pass, x, offsets, count);
        }
        for (Step step : steps) {
            int[] next = step.convolution.offsets(offsets, count);
            boolean plain = step.channelNorm == null && step.layerNorm == null;
            boolean fused = plain && activation == Activation.GELU;
            x = step.convolution.forward(pass, x, offsets, next, count, fused);
            if (step.channelNorm != null) {
                step.channelNorm.forward(pass, x, next, count);
            }
            if (step.layerNorm != null) {
                Tensor normed = inPlace(pass, x);
                step.layerNorm.forward(pass, x, normed);
                x = normed;
            }
            if (!fused) {
                x = activated(pass, x);
            }
            offsets = next;
        }
        return x;
    }

    private static void level(Pass pass, Tensor x, int[] offsets, int count) {
        pass.push();
        Tensor one = pass.tensor(1, 1);
        Tensor zero = pass.tensor(1, 1);
        pass.stream().fill(one, 1);
        pass.stream().fill(zero, 0);
        ChannelNorms.forward(pass.stream(), x, offsets, count, one, zero, LEVEL_EPSILON, x);
        pass.pop();
    }

    /** Gradients need what was there before. */
    private static Tensor inPlace(Pass pass, Tensor x) {
        return pass.tape() == null ? x : pass.tensor(x.rows(), x.columns());
    }

    private Tensor activated(Pass pass, Tensor x) {
        if (pass.tape() != null) {
            return Activations.of(pass, x, activation);
        }
        Activations.forward(pass.stream(), x, activation, x);
        return x;
    }

    /** Multiply-adds of a frame. */
    double flopsPerFrame() {
        double flops = 0;
        double rows = 1;
        for (Step step : steps.reversed()) {
            flops += rows * step.convolution.kernel().flopsPerToken();
            rows *= step.convolution.step();
        }
        return flops;
    }

    void prepare(Stream stream) {
        steps.forEach(step -> step.convolution.kernel().weight().prepare(stream));
    }
}
