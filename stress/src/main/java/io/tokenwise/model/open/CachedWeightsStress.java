package io.tokenwise.model.open;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A cache folder with files of two versions of a model. One reads the first version twice; the other deletes its file, reads it, and then the second version, whose writer deletes the first. They share nothing but files, as
 * two processes would.
 */
@JCStressTest
@Outcome(id = "2, 2, 0", expect = ACCEPTABLE, desc = "each read the weights that it asked for")
@Outcome(expect = FORBIDDEN, desc = "wrong weights, or a file that is not whole, or half of one left")
@State
public class CachedWeightsStress {
    private static final int FLOATS = 4096;

    /** Where there is one, in memory, since each file is synced before it gets its name: on a disk there would be a few meetings a second. */
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final Path CACHE = folder();

    private static Path folder() {
        try {
            Path folder = Files.isWritable(MEMORY)
                    ? Files.createTempDirectory(MEMORY, "tokenwise-stress")
                    : Files.createTempDirectory("tokenwise-stress");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> AtomicFiles.deleteLeftover(folder)));
            write(folder, 1);
            write(folder, 2);
            return Files.createDirectory(folder.resolve("cache"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path jar(Path folder, int version) {
        return folder.resolve("jar-" + version + ".safetensors");
    }

    private static Path cached(int version) {
        return CACHE.resolve("small-" + version + ".safetensors");
    }

    /** All values are the version. */
    private static void write(Path folder, int version) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate((long) Float.BYTES * FLOATS, Float.BYTES);
            for (long i = 0; i < FLOATS; i++) {
                floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, version);
            }
            var tensor = new TensorData(new long[] {FLOATS}, floats);
            SafetensorsWriter.write(jar(folder, version), Map.of("a", tensor, "b", tensor), Map.of());
        }
    }

    /** 1 if the weights are that version's. */
    private static int read(int version) throws IOException {
        try (WeightSource weights = CachedWeights.open(
                        "small", () -> Safetensors.open(jar(CACHE.getParent(), version)), cached(version));
                Arena arena = Arena.ofConfined()) {
            return isRight(weights, "a", version, arena) && isRight(weights, "b", version, arena) ? 1 : 0;
        }
    }

    private static boolean isRight(WeightSource weights, String name, int version, Arena arena) {
        MemorySegment floats = arena.allocate((long) Float.BYTES * FLOATS, Float.BYTES);
        weights.read(name, floats);
        for (long i = 0; i < FLOATS; i++) {
            if (floats.getAtIndex(ValueLayout.JAVA_FLOAT, i) != version) {
                return false;
            }
        }
        return true;
    }

    /** What is not whole, or is half of a file. */
    private static int strange() throws IOException {
        int strange = 0;
        try (Stream<Path> files = Files.list(CACHE)) {
            for (Path file : files.toList()) {
                if (file.equals(cached(1)) || file.equals(cached(2))) {
                    Safetensors.open(file).close();
                } else {
                    strange++;
                }
            }
        }
        return strange;
    }

    @Actor
    public void read(III_Result result) {
        try {
            result.r1 = read(1) + read(1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Actor
    public void delete(III_Result result) {
        try {
            Files.deleteIfExists(cached(1));
            result.r2 = read(1) + read(2);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Arbiter
    public void look(III_Result result) {
        try {
            result.r3 = strange();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
