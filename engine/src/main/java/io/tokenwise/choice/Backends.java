package io.tokenwise.choice;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.JvmFlags;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.onednn.OneDnnBackend;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.Isa;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.OneDnnUnavailableException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the backend that a {@link BackendChoice} stands for on this machine. */
public final class Backends {
    private static final Logger LOG = LoggerFactory.getLogger(Backends.class);

    private final Kind kind;
    private final Precision precision;

    private Backends(BackendChoice choice) {
        kind = choice.kind();
        precision = choice.precision();
    }

    /**
     * Opens the backend; one log line says which one and why.
     *
     * @param threads that compute on the CPU; a device has its own
     * @throws IllegalArgumentException if this machine cannot do what is wanted; the message says what it offers
     */
    public static Backend open(BackendChoice choice, int threads) {
        JvmFaults.ofThisJvm().ifPresent(LOG::warn);
        return new Backends(choice).open(threads);
    }

    /**
     * Opens what the choice stands for on the CPU alone, for what a device that it stands for lacks something for; otherwise as {@link #open}.
     *
     * @param choice AUTO, or a kind that computes on the CPU
     */
    public static Backend openOnCpu(BackendChoice choice, int threads) {
        return new Backends(choice).onCpu(threads);
    }

    private Backend open(int threads) {
        return switch (kind) {
            case CUDA -> cuda();
            case VECTOR -> vector(kernels(), threads, "as asked for");
            case ONEDNN -> onCpu(threads);
            case AUTO ->
                device().map(device -> log(device, "the machine has one, and it computes what the CPU does"))
                        .orElseGet(() -> onCpu(threads));
        };
    }

    private Optional<Backend> device() {
        return CudaBackend.PRECISIONS.contains(devicePrecision())
                ? CheckedDevice.open(devicePrecision())
                : Optional.empty();
    }

    private Backend cuda() {
        if (!CudaBackend.PRECISIONS.contains(devicePrecision())) {
            throw new IllegalArgumentException("precision " + precision.label() + ": backend cuda has "
                    + labels(CudaBackend.PRECISIONS) + "; use backend onednn, which has it");
        }
        try {
            return log(CudaBackend.open(devicePrecision()), "as asked for");
        } catch (CudaUnavailableException e) {
            throw new IllegalArgumentException(
                    "backend cuda: " + e.getMessage() + "; backends vector and onednn work without", e);
        }
    }

    /** A device multiplies bfloat16 fast, and as exactly as need be. */
    private Precision devicePrecision() {
        return precision == null ? Precision.BF16 : precision;
    }

    /** Also beside a library of products: the rest is theirs, and slow without vector instructions. */
    private static Kernels kernels() {
        JvmFlags.advice("in JDK_JAVA_OPTIONS").ifPresent(LOG::warn);
        return Kernels.choose();
    }

    private Backend onCpu(int threads) {
        Kernels kernels = kernels();
        OneDnn oneDnn;
        try {
            oneDnn = OneDnn.open();
        } catch (OneDnnUnavailableException e) {
            if (kind == Kind.ONEDNN || precision != null && precision != Precision.F32) {
                throw new IllegalArgumentException(
                        (kind == Kind.ONEDNN
                                        ? "backend onednn: "
                                        : "precision " + precision.label() + " needs oneDNN: ")
                                + e.getMessage() + "; backend vector with precision f32 works without",
                        e);
            }
            return vector(kernels, threads, e.getMessage());
        }
        try {
            return oneDnn(oneDnn, kernels, threads);
        } catch (Throwable e) {
            oneDnn.close();
            throw e;
        }
    }

    private Backend vector(Kernels kernels, int threads, String why) {
        if (precision != null && precision != Precision.F32) {
            throw new IllegalArgumentException("precision " + precision.label()
                    + ": backend vector has f32 only; use backend onednn, or precision f32");
        }
        return log(new VectorBackend(kernels, threads), kernels.why() + "; " + why);
    }

    private Backend oneDnn(OneDnn oneDnn, Kernels kernels, int threads) {
        List<Precision> offered = offered(oneDnn.isa());
        if (precision != null && !offered.contains(precision == Precision.S7 ? Precision.S8 : precision)) {
            throw new IllegalArgumentException("precision " + precision.label() + ": this CPU (" + oneDnn.isa()
                    + ") has no instructions for it; it offers "
                    + labels(offered));
        }
        Precision chosen = precision == null ? offered.getLast() : precision;
        String why = precision == null ? "the fastest that the CPU has instructions for" : "as asked for";
        if (chosen == Precision.S7 && !oneDnn.hasOwnCode()) {
            why += ", though here s8 is as fast, and more exact";
        }
        if (kind == Kind.AUTO && chosen == Precision.F32) {
            if (!isSlowInJava(oneDnn.isa())) {
                oneDnn.close();
                return vector(kernels, threads, why + "; on this CPU (" + oneDnn.isa() + ") float32 needs no library");
            }
            why += "; this CPU multiplies float32 faster by the library than by Java";
        }
        return log(
                new OneDnnBackend(oneDnn, chosen, kernels, threads),
                why + "; library: " + oneDnn.location() + "; beside it kernels " + kernels.name());
    }

    private static String labels(List<Precision> precisions) {
        return precisions.stream().map(Precision::label).collect(Collectors.joining(" and "));
    }

    /**
     * Whether our own float32 products are well behind oneDNN's: on Intel's cores with AVX-512 from before bfloat16 and AMX (measured on Cascade
     * Lake: .71 to .81 of oneDNN's). A step of our tile is 35 micro-operations for 8 cycles of multiply-adds, and such a core issues four a
     * cycle, Ice Lake five; later ones and those of AMD, all of which have bfloat16 if they have AVX-512, six or more. A rule and no measurement
     * when a backend is opened: our kernels are at speed only seconds later, when C2 has compiled them.
     */
    private static boolean isSlowInJava(Isa isa) {
        return isa.includes(Isa.AVX512_CORE) && !isa.includes(Isa.AVX512_CORE_BF16);
    }

    /** What a CPU has instructions for, the fastest last. */
    private static List<Precision> offered(Isa isa) {
        var offered = new ArrayList<>(Arrays.asList(Precision.F32));
        if (isa.hasBf16()) {
            offered.add(Precision.BF16);
        }
        // Without VNNI weights take 7 bits of the 8.
        if (isa.includes(Isa.AVX2)) {
            offered.add(Precision.S8);
        }
        return offered;
    }

    private static Backend log(Backend backend, String why) {
        LOG.info(
                "backend {}, precision {}, {} thread(s): {}",
                backend.name(),
                backend.precision().label(),
                backend.threads(),
                why);
        return backend;
    }
}
