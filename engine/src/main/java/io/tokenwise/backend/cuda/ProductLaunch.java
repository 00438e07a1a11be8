package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.natives.cuda.LtProduct;
import io.tokenwise.tensor.Tensor;

/**
 * One product of a stream, {@code y = act(x W + bias) + residual}, of one job or two of them, which have rows and weights of their own: set by name before {@link #run},
 * which picks the kernel. One object serves all products of its stream.
 */
final class ProductLaunch {
    /** Outputs that narrowing many rows first pays for: where fewer read them, products narrow their left side themselves. Not measured. */
    private static final int NARROWED_OUTPUTS = 256;

    private final Launches launches;
    private final LeftSide left;
    private final ProductJob[] jobs = {new ProductJob(), new ProductJob()};
    private int count;

    // ---- what becomes of it

    boolean gelu;
    long residual;
    private long y;
    private int yStride;

    /** What receives the result in y's place, in bfloat16; or 0. */
    private long narrow;

    /** A row like y for what rows do not use, or 0. */
    long rest;

    ProductLaunch(Launches launches, FormedTensor formed) {
        this.launches = launches;
        this.left = new LeftSide(launches, formed);
    }

    /** Begins an operation of the stream, whose first product is of a tensor's rows. */
    ProductLaunch begin(Tensor x) {
        left.begin(x);
        return clear();
    }

    /** Goes on in the operation with a product of what the one before has left. */
    ProductLaunch goOn() {
        if (narrow == 0) {
            left.set(y, left.rows(), yStride);
        } else {
            left.setNarrow(narrow, left.rows(), yStride);
        }
        return clear();
    }

    private ProductLaunch clear() {
        count = 0;
        gelu = false;
        residual = 0;
        rest = 0;
        return this;
    }

    ProductLaunch to(Tensor tensor) {
        y = launches.address(tensor);
        yStride = tensor.columns();
        narrow = 0;
        return this;
    }

    /** To scratch memory, in bfloat16 or float32. */
    ProductLaunch toScratch(int columns, boolean inBf16) {
        yStride = PackedWeights.roundUp(columns, 8);
        long bytes = (long) Bucket.of(left.rows()) * yStride * (inBf16 ? Short.BYTES : Float.BYTES);
        y = inBf16 ? 0 : launches.scratch(bytes);
        narrow = inBf16 ? launches.scratch(bytes) : 0;
        return this;
    }

    /** Another job, at most the second one, of all rows and a single slice unless it is told otherwise. */
    ProductJob job() {
        return jobs[count++].clear();
    }

    /** What the left side becomes before it is multiplied; the jobs are told already. */
    void activate(MlpSlices mlp, int units) {
        left.activate(mlp, units, jobs[0], count == 2 ? jobs[1] : null);
    }

    /** One launch, or two where the jobs' weights differ in precision or cuBLASLt leaves something to do, besides what brings the left side into a form. */
    void run() {
        LtProduct library = count == 1 && rest == 0 ? jobs[0].library(left.rows()) : null;
        if (library != null) {
            run(library, jobs[0]);
        } else if (count == 2 && jobs[0].precision != jobs[1].precision) {
            run(jobs[0], null);
            run(jobs[1], null);
        } else {
            run(jobs[0], count == 2 ? jobs[1] : null);
        }
    }

    /** By cuBLASLt, where nothing is left to do into y itself: its GELU is not ours, and it adds no residual. */
    private void run(LtProduct library, ProductJob job) {
        if (!left.isIn(Precision.BF16, job, null)) {
            left.bring(Precision.BF16, job, null);
        }
        int stride = library.spec().yStride();
        boolean isDone = !gelu && residual == 0 && narrow == 0;
        boolean fits = yStride == stride && y % ProductJob.LIBRARY_ALIGNMENT == 0;
        long product = isDone && fits ? y : launches.scratch((long) Bucket.of(left.rows()) * stride * Float.BYTES);
        launches.multiply(library, left.rows(), left.formed(), job.weights, job.bias, product);
        if (product != y) {
            launches.kernel("finishProduct")
                    .onlyWrites(y, (long) left.rows() * yStride * Float.BYTES)
                    .pointer(product)
                    .integer(stride)
                    .flag(gelu)
                    .pointer(residual)
                    .pointer(y)
                    .integer(yStride)
                    .pointer(narrow)
                    .count(left.rows())
                    .integer(job.outputs)
                    .runRows(left.rows());
        }
    }

    private void run(ProductJob first, ProductJob second) {
        Precision precision = first.precision;
        int columns = Math.max(columns(first), second == null ? 0 : columns(second));
        int rows = Bucket.of(left.rows());
        if (!left.isIn(precision, first, second) && isBrought(precision, rows, columns)) {
            left.bring(precision, first, second);
        }
        TileSize size = TileSize.of(rows, columns, launches.multiprocessors());
        if (launches.wgmma()) {
            size = size.byWgmma(precision);
        }
        boolean inBytes = precision == Precision.S8;
        ProductJob other = second == null ? first : second;
        launches.kernel(size.kernel(precision, left.form())).onlyWrites(y, (long) left.rows() * yStride * Float.BYTES);
        left.tell(precision);
        first.tellWeights(launches, inBytes);
        other.tellWeights(launches, inBytes);
        launches.flag(gelu)
                .pointer(residual)
                .pointer(y)
                .integer(yStride)
                .pointer(rest)
                .count(left.rows());
        first.tell(launches);
        other.tell(launches);
        if (precision == Precision.BF16) {
            launches.pointer(narrow);
        }
        launches.run(
                Launches.blocks(columns, size.columns),
                Launches.blocks(rows, size.rows),
                second == null ? 1 : 2,
                size.threads(precision),
                size.sharedBytes(precision));
    }

    /** Whether what is not yet in the form of the weights is brought into it first. */
    private boolean isBrought(Precision precision, int rows, int columns) {
        return switch (precision) {
            case F32 -> false;
            case BF16 -> launches.wgmma() || rows >= FormedTensor.NARROWED_FIRST && columns > NARROWED_OUTPUTS;
            case S8, S7 -> true;
        };
    }

    private int columns(ProductJob job) {
        return rest == 0 ? job.outputs : yStride;
    }
}
