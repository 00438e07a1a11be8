package io.tokenwise.train;

import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ImageArchitecture;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.tensor.HostTensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Random weights from which a Vision Transformer is trained. Attention starts as it ends (Trockman and Kolter 2023, "Mimetic Initialization of
 * Self-Attention Layers"): keys are near queries, so that a token looks at what is like itself, and the output projection near the negative of the
 * values; positions start as sines and cosines of row and column. The projection of patches starts as a {@linkplain PatchWhitening whitening} one.
 */
final class VitStart {
    /** How much of a key's weight is the query's, and of an output's the value's; the rest is noise. */
    private static final double LIKENESS = 0.7;

    /** Deviation of the classifier's weights: small, so that all classes are equally likely at first. */
    private static final double CLASSIFIER_DEVIATION = 0.01;

    private static final double CLASS_TOKEN_DEVIATION = 0.02;

    /** Deviation of the values that a patch is projected to. */
    private static final double PATCH_DEVIATION = 0.5;

    private final ImageArchitecture sizes;
    private final PatchWhitening whitening;
    private final RandomGenerator random;

    private VitStart(ImageArchitecture sizes, PatchWhitening whitening, long seed) {
        this.sizes = sizes;
        this.whitening = whitening;
        this.random = EpochOrder.random(seed, -1);
    }

    /**
     * Fills all weights of the model; the same seed and images give the same weights.
     *
     * @param description the model's
     * @param images of the size that it reads
     */
    static void fill(Encoder model, ImageDescription description, List<int[]> images, long seed) {
        var whitening = PatchWhitening.of(model.parameters().backend(), description, images);
        var start = new VitStart(description.architecture(), whitening, seed);
        Map<Parameter, ProjectedAttention> attentions = new HashMap<>();
        for (BlockSlot slot : model.slots()) {
            if (slot.block() instanceof ProjectedAttention attention) {
                attentions.put(attention.qkv().weight().parameter(), attention);
                attentions.put(attention.output().weight().parameter(), attention);
            }
        }
        for (Parameter parameter : model.parameters().all()) {
            try (HostTensor value = parameter.write()) {
                start.fill(parameter, value, attentions.get(parameter));
            }
            parameter.changed();
        }
    }

    /** @param attention whose weight it is; null if it is another one */
    private void fill(Parameter parameter, HostTensor value, ProjectedAttention attention) {
        switch (parameter.kind()) {
            case GAIN -> constant(value, 1);
            case SHIFT, BIAS -> constant(value, 0);
            case TABLE -> {
                if (value.rows() == 1) {
                    noise(value, CLASS_TOKEN_DEVIATION);
                } else {
                    positions(value);
                }
            }
            case WEIGHT -> {
                if (attention == null) {
                    otherWeight(parameter.part(), value);
                } else if (parameter == attention.qkv().weight().parameter()) {
                    queriesKeysValues(value);
                } else {
                    try (HostTensor projections =
                            attention.qkv().weight().parameter().read()) {
                        output(value, projections);
                    }
                }
            }
        }
    }

    private void otherWeight(Parameter.Part part, HostTensor value) {
        if (part == Parameter.Part.EMBEDDINGS) {
            patches(value);
        } else {
            noise(value, part == Parameter.Part.HEAD ? CLASSIFIER_DEVIATION : Math.sqrt(1.0 / value.rows()));
        }
    }

    private static void constant(HostTensor value, float constant) {
        for (int i = 0; i < value.size(); i++) {
            value.set(i, constant);
        }
    }

    private void noise(HostTensor value, double deviation) {
        for (int i = 0; i < value.size(); i++) {
            value.set(i, (float) (deviation * random.nextGaussian()));
        }
    }

    private void patches(HostTensor value) {
        for (int column = 0; column < value.columns(); column++) {
            double[] weights = whitening.weights(random);
            for (int row = 0; row < value.rows(); row++) {
                value.set(row, column, (float) (PATCH_DEVIATION * weights[row]));
            }
        }
    }

    private void queriesKeysValues(HostTensor value) {
        int hidden = sizes.hiddenSize();
        noise(value, Math.sqrt(1.0 / hidden));
        double rest = Math.sqrt(1 - LIKENESS * LIKENESS);
        for (int row = 0; row < hidden; row++) {
            for (int column = 0; column < hidden; column++) {
                double query = value.get(row, column);
                double noise = value.get(row, hidden + column);
                value.set(row, hidden + column, (float) (LIKENESS * query + rest * noise));
            }
        }
    }

    /** W_O near -W_V^T, of half its size. */
    private void output(HostTensor value, HostTensor qkv) {
        int hidden = sizes.hiddenSize();
        noise(value, Math.sqrt(1.0 / hidden));
        double rest = Math.sqrt(1 - LIKENESS * LIKENESS);
        for (int row = 0; row < hidden; row++) {
            for (int column = 0; column < hidden; column++) {
                double values = qkv.get(column, 2 * hidden + row);
                value.set(row, column, (float) (0.5 * (rest * value.get(row, column) - LIKENESS * values)));
            }
        }
    }

    /** Half of the columns tell the row, half the column of a patch, by sines and cosines of falling frequency (Vaswani et al. 2017, section 3.5). */
    private void positions(HostTensor value) {
        int side = sizes.patchesPerSide();
        int waves = Math.max(1, sizes.hiddenSize() / 4);
        constant(value, 0);
        for (int patch = 0; patch < sizes.patches(); patch++) {
            for (int j = 0; j < 4 * waves && j < sizes.hiddenSize(); j++) {
                int place = j < 2 * waves ? patch / side : patch % side;
                double angle = place * Math.pow(100, -(double) (j / 2 % waves) / waves);
                value.set(patch + 1, j, (float) (0.5 * (j % 2 == 0 ? Math.sin(angle) : Math.cos(angle))));
            }
        }
    }
}
