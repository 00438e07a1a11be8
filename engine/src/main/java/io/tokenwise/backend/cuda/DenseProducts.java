package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.natives.cuda.CublasLt;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.LtProduct;
import io.tokenwise.natives.cuda.LtSpec;
import io.tokenwise.natives.cuda.LtType;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The dense products of a device that cuBLASLt multiplies: in bfloat16, with one algorithm for each shape of weights, which takes no workspace and does not split sums, so that a row's bits do not
 * depend on how many others there are. Our own kernels do all others: float32 is exact there, and eight bits are unsigned rows by signed weights, which cuBLASLt has not. Thread-safe.
 */
public final class DenseProducts {
    private static final Logger LOG = LoggerFactory.getLogger(DenseProducts.class);

    /** Null if own kernels multiply everything. */
    private final CublasLt library;

    /** Null for all shapes. */
    private final LibraryTable table;

    private final String description;

    /** Empty where the library has no algorithm. */
    private final Map<LtSpec, Optional<LtProduct>> products = new ConcurrentHashMap<>();

    private DenseProducts(CublasLt library, LibraryTable table, String description) {
        this.library = library;
        this.table = table;
        this.description = description;
    }

    /** What a backend of this precision would do; closed with the device. A library that is asked for and does not serve is one line in the log. */
    static DenseProducts open(Cuda cuda, Precision precision, LibraryUse use) {
        if (precision != Precision.BF16) {
            return none("its products are for bf16");
        }
        return switch (use) {
            case NONE -> none("it is not to");
            case ALL -> all(cuda);
            case BY_TABLE -> byTable(cuda);
        };
    }

    private static DenseProducts none(String why) {
        return new DenseProducts(null, null, "cuBLASLt multiplies nothing: " + why);
    }

    private static DenseProducts all(Cuda cuda) {
        try {
            CublasLt library = CublasLt.open(cuda);
            return new DenseProducts(library, null, name(library) + " multiplies all dense layers");
        } catch (CudaUnavailableException e) {
            return withoutLibrary(e);
        }
    }

    private static DenseProducts byTable(Cuda cuda) {
        String card = cuda.device().name();
        try {
            if (!LibraryTable.mayExist(card)) {
                return none("there is no table of this card");
            }
            CublasLt library = CublasLt.open(cuda);
            Optional<LibraryTable> table = table(card, library);
            if (table.isPresent()) {
                int shapes = table.get().faster().size();
                return new DenseProducts(
                        library, table.get(), name(library) + " multiplies dense layers of " + shapes + " shapes");
            }
            library.close();
            return none("there is no table of this card with version " + version(library));
        } catch (CudaUnavailableException e) {
            return withoutLibrary(e);
        } catch (IOException e) {
            LOG.warn("own kernels multiply everything: {}", e.getMessage());
            return none(e.getMessage());
        }
    }

    private static Optional<LibraryTable> table(String card, CublasLt library) throws IOException {
        try {
            return LibraryTable.read(card, library.version());
        } catch (IOException e) {
            library.close();
            throw e;
        }
    }

    private static DenseProducts withoutLibrary(CudaUnavailableException e) {
        LOG.warn("own kernels multiply everything: {}", e.getMessage());
        return none(e.getMessage());
    }

    private static String name(CublasLt library) {
        return library + " " + version(library);
    }

    /** {@code 12.4.5} of 120405. */
    private static String version(CublasLt library) {
        long version = library.version();
        return version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /** The version of the library, or 0 without one. */
    long libraryVersion() {
        return library == null ? 0 : library.version();
    }

    /** The product by weights {@code [outputs, stride]}, of rows whose stride is {@code inputs} rounded up to 8 into rows rounded up to 4; null where own kernels do it. */
    LtProduct product(int inputs, int outputs, int stride, boolean bias) {
        if (library == null || table != null && !table.faster().contains(new LibraryTable.Shape(inputs, outputs))) {
            return null;
        }
        var spec = new LtSpec(
                inputs,
                outputs,
                LtType.BF16,
                false,
                true,
                bias,
                PackedWeights.roundUp(inputs, 8),
                stride,
                PackedWeights.roundUp(outputs, 4));
        return products.computeIfAbsent(spec, this::find).orElse(null);
    }

    private Optional<LtProduct> find(LtSpec spec) {
        try {
            return Optional.of(library.product(spec, 0));
        } catch (CudaException e) {
            LOG.info("own kernels multiply {}: {}", spec, e.getMessage());
            return Optional.empty();
        }
    }

    /** What cuBLASLt multiplies on this device, and why nothing if so, for people: one that a backend in bf16 would find. */
    public static String describe(Cuda cuda, LibraryUse use) {
        return open(cuda, Precision.BF16, use).toString();
    }

    @Override
    public String toString() {
        return description;
    }
}
