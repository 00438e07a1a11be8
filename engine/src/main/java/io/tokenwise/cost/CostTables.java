package io.tokenwise.cost;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.CacheFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the cost table of a backend: the one that was measured here and kept in the {@linkplain CacheFolder cache folder}, else the one that comes with
 * the build for the nearest instruction set. It measures only when it is asked to.
 */
public final class CostTables {
    private static final Logger LOG = LoggerFactory.getLogger(CostTables.class);

    /** What the build has: each is the resource of that name beside this class, made by {@code ./tokenwise bench cost --ship}. */
    public static final List<String> SHIPPED = List.of(
            "vector-vector-256-f32",
            "vector-vector-512-f32",
            "onednn-avx2-f32",
            "onednn-avx2-s8",
            "onednn-avx512_core-f32",
            "onednn-avx512_core_vnni-s8",
            "onednn-avx512_core_bf16-bf16",
            "onednn-avx512_core_bf16-s8");

    /** For a backend and precision without any. */
    private static final String OF_OTHERS = "vector-vector-512-f32";

    /** Instruction sets from small to large, those of our kernels and then those of oneDNN. */
    private static final List<String> INSTRUCTIONS = List.of(
            "scalar",
            "vector-128",
            "vector-256",
            "vector-512",
            "other",
            "sse41",
            "avx",
            "avx2",
            "avx2_vnni",
            "avx2_vnni_2",
            "avx512_core",
            "avx512_core_vnni",
            "avx512_core_bf16",
            "avx512_core_fp16",
            "avx512_core_amx");

    /** Those that lack units for bytes (VNNI), whose products of bytes are as slow as these make them, whatever the width of vectors. */
    private static final Set<String> WITHOUT_BYTES = Set.of("other", "sse41", "avx", "avx2", "avx512_core");

    private CostTables() {}

    /**
     * A table, and where it is from.
     *
     * @param shipped whether it came with the build, from a machine of such instructions; else it was measured on this one
     */
    public record Found(CostTable table, boolean shipped) {
        /** For people: {@code measured here on 2026-11-28}. */
        public String label() {
            Machine machine = table.machine();
            return shipped
                    ? "shipped for " + machine.instructions() + ", measured on " + machine.cpu() + " on " + table.made()
                    : "measured here on " + table.made();
        }
    }

    /** The best table that there is without measuring. What is kept but cannot be trusted is told in one log line. */
    public static Found find(Backend backend) {
        return kept(backend)
                .map(table -> new Found(table, false))
                .orElseGet(() -> new Found(shipped(nearest(backend)), true));
    }

    /**
     * Measures, which takes some two seconds for each model's sizes, and keeps the table if there is a cache folder, with what was kept of other sizes.
     *
     * @param backend of one thread
     * @throws IllegalArgumentException if it has more
     */
    public static Found measure(Backend backend, List<Sizes> sizes) {
        return keep(
                backend,
                CostTable.of(
                        Machine.of(backend),
                        sizes.stream()
                                .map(some -> CostMeasurement.measure(backend, some))
                                .toList()));
    }

    /** Keeps what was measured beside what is kept of other sizes, if there is a folder for it. */
    static Found keep(Backend backend, CostTable measured) {
        CostTable table = kept(backend).map(measured::with).orElse(measured);
        file(backend).ifPresent(file -> keep(table, file));
        return new Found(table, false);
    }

    private static void keep(CostTable table, Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            CostTableFile.write(file, table);
        } catch (IOException e) {
            LOG.info("the cost table is not kept for the next time: {}", e.getMessage());
        }
    }

    /** Of this machine and build; empty if there is none that can be trusted. */
    private static Optional<CostTable> kept(Backend backend) {
        Optional<Path> file = file(backend).filter(Files::exists);
        if (file.isEmpty()) {
            return Optional.empty();
        }
        try {
            CostTable table = CostTableFile.read(file.get());
            Optional<String> difference = Machine.of(backend).difference(table.machine());
            if (difference.isEmpty()) {
                return Optional.of(table);
            }
            LOG.warn("{} is not used: it is of another machine or build: {}", file.get(), difference.get());
        } catch (BadFileException e) {
            LOG.warn("not used: {}", e.getMessage());
        } catch (IOException e) {
            LOG.warn("{} is not used: {}", file.get(), e.toString());
        }
        return Optional.empty();
    }

    private static String nearest(Backend backend) {
        return nearest(
                backend.kind().label(),
                backend.instructions(),
                backend.precision().label());
    }

    private static Optional<Path> file(Backend backend) {
        return CacheFolder.find().map(folder -> folder.resolve("cost-" + name(backend) + ".json"));
    }

    /** Of the table of a backend, such as {@code onednn-avx512_core_vnni-s8}. */
    public static String name(Backend backend) {
        return name(
                backend.kind().label(),
                backend.instructions(),
                backend.precision().label());
    }

    private static String name(String kind, String instructions, String precision) {
        return kind + "-" + instructions.toLowerCase(Locale.ROOT) + "-" + precision;
    }

    /**
     * Which of the shipped tables is taken: of the same backend and precision that for the largest instruction set that is not beyond this one, else the
     * smallest that is, or else one of another backend: no card has measured those of CUDA yet. Of bytes only those that have units for them, or that
     * lack them too; those of 8 bits are for 7 too, whose products take their parts of a forward's time in about the same ratios.
     */
    static String nearest(String kind, String instructions, String precision) {
        return precision.equals(Precision.S7.label())
                ? nearestOf(kind, instructions, Precision.S8.label())
                : nearestOf(kind, instructions, precision);
    }

    private static String nearestOf(String kind, String instructions, String precision) {
        String own = instructions.toLowerCase(Locale.ROOT);
        boolean bytes = precision.equals(Precision.S8.label());
        List<String> smallToLarge = INSTRUCTIONS.stream()
                .filter(some -> !bytes || WITHOUT_BYTES.contains(some) == WITHOUT_BYTES.contains(own))
                .filter(some -> SHIPPED.contains(name(kind, some, precision)))
                .toList();
        return smallToLarge.stream()
                .filter(some -> INSTRUCTIONS.indexOf(some) <= INSTRUCTIONS.indexOf(own))
                .reduce((_, larger) -> larger)
                .or(() -> smallToLarge.stream().findFirst())
                .map(some -> name(kind, some, precision))
                .orElse(OF_OTHERS);
    }

    /** The table that comes with the build under a name of {@link #SHIPPED}. */
    public static CostTable shipped(String name) {
        String file = name + ".json";
        try (InputStream in = CostTables.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("the build lacks the cost table " + file);
            }
            return CostTableFile.read(file, in);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }
}
