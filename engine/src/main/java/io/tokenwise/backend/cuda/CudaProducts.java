package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/** {@link Stream}'s matrix products as launches; shapes are already checked. A product of slices is one launch for all of them. */
final class CudaProducts {
    private static final int GRADIENT_TILE = 64;

    private final Launches launches;
    private final ProductLaunch product;

    CudaProducts(Launches launches, FormedTensor formed) {
        this.launches = launches;
        this.product = new ProductLaunch(launches, formed);
    }

    void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        product.begin(x).to(y);
        product.job().by(CudaMatrix.of(weight)).bias = launches.address(bias);
        product.gelu = gelu;
        product.residual = launches.address(residual);
        product.run();
    }

    /** All rows use all slices, which then are one matrix. */
    void mlp(Tensor x, MlpSlices slices, Tensor residual, Tensor y) {
        long bias = biases(slices.downs());
        boolean gelu = isGelu(slices);
        product.begin(x).toScratch(slices.ups().columns(), gelu && areBf16(slices));
        product.gelu = gelu;
        outputs(slices.ups());
        product.run();
        product.goOn().to(y);
        product.residual = launches.address(residual);
        PackedWeights downs = CudaMatrix.together(slices.downs().weights());
        ProductJob job = product.job().by(downs);
        job.inputs = slices.units();
        job.bias = bias;
        if (downs.slices > 1) {
            long row = (long) slices.count() * downs.outputs * Float.BYTES;
            job.bias += row;
            job.sums += downs.precision == Precision.S8 ? row : 0;
        }
        if (!gelu) {
            job.slices = slices.count();
            job.inputStarts = downs.slices > 1 ? downs.starts() : 0;
            product.activate(slices, slices.units());
            job.slices = 1;
            job.inputStarts = 0;
        }
        product.run();
    }

    void mlp(Tensor x, CudaRouting routing, MlpSlices whole, MlpSlices partly, Tensor none, Tensor residual, Tensor y) {
        long wholeBias = biases(whole.downs());
        long partlyBias = biases(partly.downs());
        CudaRoutedRows all = routing.whole();
        CudaRoutedRows others = routing.partly();
        boolean gelu = isGelu(whole);
        int columns = Math.max(whole.ups().columns(), partly.ups().columns());
        product.begin(x).toScratch(columns, gelu && areBf16(whole) && areBf16(partly));
        product.gelu = gelu;
        // Rows without learners have no units.
        outputs(whole.ups()).of(all, 1).total = 0;
        outputs(partly.ups()).of(others, partly.count()).total = 0;
        product.run();
        product.goOn().to(y);
        product.residual = launches.address(residual);
        product.rest = launches.address(none);
        inputs(whole.downs(), wholeBias).of(all, 1);
        inputs(partly.downs(), partlyBias).of(others, partly.count());
        if (!gelu) {
            product.activate(whole, Math.max(whole.units(), partly.units()));
        }
        product.run();
    }

    /** Whether the first product does what comes after it. */
    private static boolean isGelu(MlpSlices slices) {
        return slices.activation() == Activation.GELU && !slices.gated();
    }

    private static boolean areBf16(MlpSlices slices) {
        return CudaMatrix.together(slices.ups().weights()).precision == Precision.BF16
                && CudaMatrix.together(slices.downs().weights()).precision == Precision.BF16;
    }

    void linearSlices(Tensor x, CudaRouting routing, OutputSlices whole, OutputSlices partly, Tensor rest, Tensor y) {
        product.begin(x).to(y);
        product.rest = launches.address(rest);
        outputs(whole).of(routing.whole(), 1);
        outputs(partly).of(routing.partly(), partly.count());
        product.run();
    }

    void sumSlices(
            Tensor x,
            CudaRouting routing,
            InputSlices whole,
            InputSlices partly,
            Tensor none,
            Tensor residual,
            Tensor y) {
        long wholeBias = biases(whole);
        long partlyBias = biases(partly);
        product.begin(x).to(y);
        product.rest = launches.address(none);
        product.residual = launches.address(residual);
        inputs(whole, wholeBias).of(routing.whole(), 1);
        inputs(partly, partlyBias).of(routing.partly(), partly.count());
        product.run();
    }

    /** Another job: these slices, for all rows. */
    private ProductJob outputs(OutputSlices slices) {
        PackedWeights all = CudaMatrix.together(slices.weights());
        ProductJob job = product.job().by(all);
        job.slices = slices.count();
        job.outputs = slices.columns();
        job.outputStarts = all.slices > 1 ? all.starts() : 0;
        job.bias = biases(slices);
        return job;
    }

    /** The same of slices of the inputs, with their biases added up. */
    private ProductJob inputs(InputSlices slices, long bias) {
        PackedWeights all = CudaMatrix.together(slices.weights());
        ProductJob job = product.job().by(all);
        job.inputs = slices.columns();
        job.inputStarts = all.slices > 1 ? all.starts() : 0;
        job.bias = bias;
        return job;
    }

    /** The biases of the first slices added up, which takes scratch memory: before an operation begins. */
    private long biases(InputSlices slices) {
        return CudaMatrix.together(slices.weights()).biases(launches, slices.biases());
    }

    /** Of all slices side by side: parts of one vector lie so, others are brought together. */
    private long biases(OutputSlices slices) {
        List<Tensor> biases = slices.biases();
        long first = launches.address(biases.getFirst());
        long next = first;
        for (int n = 0; n < biases.size(); n++) {
            if (launches.address(biases.get(n)) != next) {
                return copied(biases, slices.columns());
            }
            next += bytes(biases.get(n));
        }
        return first;
    }

    private long copied(List<Tensor> biases, int columns) {
        long target = launches.scratch((long) columns * Float.BYTES);
        long next = target;
        for (Tensor bias : biases) {
            launches.copy(next, launches.address(bias), bytes(bias));
            next += bytes(bias);
        }
        return target;
    }

    private static long bytes(Tensor x) {
        return (long) x.size() * Float.BYTES;
    }

    void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        launches.kernel("dots")
                .tensor(x)
                .tensor(weight)
                .tensor(bias)
                .count(x.rows())
                .integer(x.columns())
                .integer(y.columns())
                .tensor(y)
                .runRows(x.rows());
    }

    void weightGradient(Tensor x, Tensor dy, Tensor dWeight) {
        launches.kernel("weightGradient")
                .tensor(x)
                .tensor(dy)
                .integer(x.rows())
                .integer(x.columns())
                .integer(dy.columns())
                .tensor(dWeight)
                .run(
                        Launches.blocks(dy.columns(), GRADIENT_TILE),
                        Launches.blocks(x.columns(), GRADIENT_TILE),
                        1,
                        256,
                        0);
    }
}
