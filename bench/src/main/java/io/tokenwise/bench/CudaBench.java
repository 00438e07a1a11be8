package io.tokenwise.bench;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.LibraryTable;
import io.tokenwise.backend.cuda.ProductChoice;
import io.tokenwise.bench.CudaResults.Check;
import io.tokenwise.bench.CudaResults.Fact;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.Processor;
import io.tokenwise.natives.cuda.CublasLt;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Device;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Checks backend cuda on the device of this machine and then measures it, part by part. What a part gives is written at once, so that a run that is cut short,
 * or a part that fails, leaves what there was before. Not thread-safe.
 */
final class CudaBench {
    static final String JSON = "cuda.json";
    static final String PAGE = "cuda.html";

    /** Inputs and outputs of weights that cuBLASLt is checked with: MiniLM's and BERT-base's, and odd ones. */
    private static final int[][] SHAPES = {
        {384, 1152}, {384, 1536}, {1536, 384}, {768, 768}, {768, 3072}, {3072, 768}, {99, 130}
    };

    private static final int[][] QUICK_SHAPES = {{64, 96}, {33, 50}};

    private final CudaInputs inputs;
    private final List<String> only;
    private final boolean keep;
    private final Path folder;
    private final PrintWriter err;
    private final Device device;
    private final List<Fact> machine = new ArrayList<>();
    private final List<Check> checks = new ArrayList<>();
    private final List<CudaTable> tables = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private int ran;

    /** Something that is measured. */
    @FunctionalInterface
    private interface Part {
        void run() throws IOException, CudaUnavailableException;
    }

    /**
     * @param only parts whose name contains one of these
     * @param keep whether the table by which cuBLASLt multiplies from now on is kept
     * @param folder where results are written
     * @throws IllegalArgumentException if there is no device, or it is simulated and the inputs are not few
     */
    CudaBench(CudaInputs inputs, List<String> only, boolean keep, Path folder, PrintWriter err) {
        this.inputs = inputs;
        this.only = only;
        this.keep = keep;
        this.folder = folder;
        this.err = err;
        try (CudaBackend backend = CudaBackend.open(Precision.BF16)) {
            device = backend.device();
            describe(backend);
        } catch (CudaUnavailableException e) {
            throw new IllegalArgumentException("backend cuda: " + e.getMessage(), e);
        }
        if (device.simulated() && !inputs.quick()) {
            throw new IllegalArgumentException("the device is simulated on the CPU: only --quick ends there");
        }
    }

    private void describe(CudaBackend backend) {
        fact("card", backend.name());
        fact(
                "device",
                String.format(
                        Locale.ROOT,
                        "%s, %d multiprocessors, %.1f GB",
                        backend.instructions(),
                        device.multiprocessors(),
                        device.memoryBytes() / 1e9));
        fact("driver", "CUDA " + device.driverVersion() / 1000 + "." + device.driverVersion() % 1000 / 10);
        fact("kernels", backend.kernels());
        fact("cuBLASLt", cublasLt());
        fact("dense layers", backend.products());
        fact("CPU", Processor.name());
        fact("JDK", Runtime.version().toString());
        fact("commit", Commit.name());
        fact("inputs", inputs.what());
    }

    private void fact(String name, String value) {
        machine.add(new Fact(name, value));
    }

    private static String cublasLt() {
        try (Cuda cuda = Cuda.open();
                CublasLt library = CublasLt.open(cuda)) {
            return library.version() + " from " + library.location();
        } catch (CudaUnavailableException e) {
            return "none: " + e.getMessage();
        }
    }

    /** Returns whether all checks hold and no part failed. */
    boolean run() throws IOException {
        for (Precision precision : CudaBackend.PRECISIONS) {
            part("checks, " + precision.label(), () -> check(precision));
        }
        part("checks, cuBLASLt", this::checkLibrary);
        if (ProductChoice.hasWgmma(device)) {
            for (Precision precision : CudaGemmTable.BY_WGMMA) {
                part("checks, " + precision.label() + " by wgmma", () -> checkByWgmma(precision));
            }
        }
        var tables = new CudaTables(inputs, device.simulated());
        part("products", () -> add(new CudaGemmTable(inputs, device).table()));
        part("dense layers", this::layers);
        part("many texts", () -> add(tables.texts()));
        part("one text", () -> add(tables.oneText()));
        part("small images", () -> add(tables.smallImages()));
        part("ViT-B/16", () -> add(tables.vit()));
        part("dispatch", () -> add(new CudaDispatchTable(inputs, device.simulated()).table()));
        part("distillation", () -> add(tables.distillation()));
        part("peers", () -> {
            var peers = new CudaPeers(inputs, device.simulated());
            peers.table().ifPresent(this.tables::add);
            notes.addAll(peers.notes());
        });
        if (ran == 0) {
            failures.add("--only " + String.join(",", only) + ": no part's name has that in it");
            err.println("bench cuda: " + failures.getLast());
        }
        return results().good();
    }

    private void layers() throws IOException, CudaUnavailableException {
        var layers = new CudaLayerTable(inputs, device.simulated());
        add(layers.table());
        if (keep && inputs.quick() && !device.simulated()) {
            notes.add("Nothing kept of dense layers: --quick measures shapes that no model has.");
        } else if (keep && layers.faster().isPresent()) {
            LibraryTable table = layers.faster().get();
            notes.add("cuBLASLt multiplies layers of " + table.faster().size() + " shapes from now on: kept in "
                    + table.write().getFileName());
        } else if (keep) {
            notes.add("Nothing kept of dense layers: there is no cuBLASLt.");
        }
    }

    private void check(Precision precision) throws IOException, CudaUnavailableException {
        try (CudaBackend backend = CudaBackend.open(precision, ProductChoice.OWN)) {
            var all = new CudaChecks(backend, checks::add);
            all.operations(inputs.quick());
            all.products();
            if (!inputs.quick() || precision == Precision.F32) {
                all.model("minilm-acm", inputs.checkedTexts(), inputs.checkedBudgets());
                all.model("vit-cifar10-acm", inputs.checkedImages(), inputs.checkedBudgets());
            }
        }
    }

    private void checkLibrary() throws CudaUnavailableException {
        try (CudaBackend library = CudaBackend.open(Precision.BF16, ProductChoice.ALL_BY_LIBRARY);
                CudaBackend own = CudaBackend.open(Precision.BF16, ProductChoice.OWN)) {
            if (library.libraryVersion() == 0) {
                notes.add("Not checked: " + library.products());
                return;
            }
            var all = new CudaChecks(library, checks::add);
            for (int[] shape : inputs.quick() ? QUICK_SHAPES : SHAPES) {
                all.library(own, shape[0], shape[1], inputs.quick() ? 600 : 4_100);
            }
        }
    }

    private void checkByWgmma(Precision precision) throws CudaUnavailableException {
        try (CudaBackend backend = CudaBackend.open(precision, ProductChoice.OWN_BY_WGMMA)) {
            var all = new CudaChecks(backend, checks::add);
            all.operations(inputs.quick());
            all.products();
        }
    }

    private void add(CudaTable table) {
        tables.add(table);
    }

    private void part(String name, Part part) throws IOException {
        if (only.stream().noneMatch(name::contains)) {
            notes.add("Not run, by --only: " + name);
            return;
        }
        ran++;
        long start = System.nanoTime();
        try {
            part.run();
        } catch (IOException | CudaUnavailableException | RuntimeException | LinkageError e) {
            failures.add(name + ": " + e);
            err.println("bench cuda: " + name + " failed: " + e);
        }
        err.printf(Locale.ROOT, "bench cuda: %s: %.1f s%n", name, (System.nanoTime() - start) * 1e-9);
        CudaResults results = results();
        Files.createDirectories(folder);
        AtomicFiles.write(folder.resolve(JSON), results.asJson());
        AtomicFiles.write(folder.resolve(PAGE), CudaPage.html(results));
    }

    CudaResults results() {
        return new CudaResults(device.simulated(), machine, checks, tables, failures, notes);
    }
}
