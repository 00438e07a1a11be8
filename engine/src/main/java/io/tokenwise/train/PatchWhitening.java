package io.tokenwise.train;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.Stream;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.op.Patches;
import io.tokenwise.tensor.Cholesky;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Projections of patches after which all patterns vary alike: brightness, which varies most, counts no more than the many fine ones.
 *
 * @param moments of the values of a patch, {@code [values, values]}
 */
record PatchWhitening(Cholesky moments) {
    /** More tell nothing new. */
    private static final int MOST_IMAGES = 2_000;

    /** Of the mean second moment of a value, added to all: what hardly varies is noise, and not to be blown up. */
    private static final double RIDGE = 0.01;

    private static final long WORKSPACE_LIMIT_BYTES = 1L << 30;

    /**
     * From the first of the images.
     *
     * @param description of a model that reads such images
     */
    static PatchWhitening of(Backend backend, ImageDescription description, List<int[]> images) {
        ImagePreparation preparation = description.preparation();
        var cut = ImagePatches.of(
                description.architecture().imageSize(),
                description.architecture().patchSize(),
                preparation.means(),
                preparation.deviations());
        List<int[]> some = images.subList(0, Math.min(MOST_IMAGES, images.size()));
        double[][] moments = moments(backend, cut, some);
        double mean = IntStream.range(0, moments.length)
                .mapToDouble(i -> moments[i][i])
                .average()
                .orElseThrow();
        for (int i = 0; i < moments.length; i++) {
            moments[i][i] += RIDGE * mean;
        }
        return new PatchWhitening(Cholesky.of(moments));
    }

    private static double[][] moments(Backend backend, ImagePatches cut, List<int[]> images) {
        var moments = new double[cut.values()][cut.values()];
        Stream stream = backend.stream();
        try (var workspace = backend.workspace(WORKSPACE_LIMIT_BYTES)) {
            Tensor patches = workspace.tensor(cut.count(), cut.values());
            Tensor products = workspace.tensor(cut.values(), cut.values());
            for (int[] pixels : images) {
                Patches.forward(stream, pixels, 1, cut, patches);
                stream.fill(products, 0);
                stream.weightGradient(patches, patches, workspace, products);
                try (HostTensor sums = stream.read(products)) {
                    for (int i = 0; i < moments.length; i++) {
                        for (int j = 0; j < moments.length; j++) {
                            moments[i][j] += sums.get(i, j) / images.size() / cut.count();
                        }
                    }
                }
            }
        }
        return moments;
    }

    /** A random direction's weights: times a patch's values they give a number of mean square 1. */
    double[] weights(RandomGenerator random) {
        int values = moments.root().length;
        double[] direction = IntStream.range(0, values)
                .mapToDouble(_ -> random.nextGaussian() / Math.sqrt(values))
                .toArray();
        return moments.solveTransposed(direction);
    }
}
