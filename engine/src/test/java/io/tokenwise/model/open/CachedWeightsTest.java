package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.TestModels;
import io.tokenwise.io.CacheFolder;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CachedWeightsTest {
    private static final Map<String, long[]> SHAPES = Map.of(
            "embeddings.word_embeddings.weight", new long[] {300, 64},
            "embeddings.LayerNorm.bias", new long[] {64},
            "encoder.layer.0.intermediate.dense.weight", new long[] {96, 64},
            "encoder.layer.0.output.dense.weight", new long[] {64, 96});

    /** In the place of a jar, for all but one test: MiniLM's takes a third of a second, each time. */
    private static final InMemory JAR = new InMemory(TestModels.weights(Arena.ofAuto(), SHAPES, 0.3));

    private record InMemory(Map<String, TensorData> tensors) implements WeightSource {
        @Override
        public String description() {
            return "minilm";
        }

        @Override
        public Set<String> names() {
            return tensors.keySet();
        }

        @Override
        public long[] shape(String name) {
            return tensors.get(name).shape();
        }

        @Override
        public String type(String name) {
            return "F32";
        }

        @Override
        public void read(String name, MemorySegment destination) {
            destination.copyFrom(tensors.get(name).floats());
        }

        @Override
        public void close() {}
    }

    @TempDir
    private Path folder;

    private WeightSource open() throws IOException {
        return open(() -> JAR);
    }

    private WeightSource open(CachedWeights.Jar from) throws IOException {
        return CachedWeights.open("minilm", from, folder.resolve("cache").resolve("minilm-12345678.safetensors"));
    }

    private List<Path> files() throws IOException {
        try (var files = Files.list(folder.resolve("cache"))) {
            return files.toList();
        }
    }

    /** Every tensor has the bits that the jar gives. */
    private static void assertGood(WeightSource weights) {
        assertSame(weights, JAR);
    }

    private static void assertSame(WeightSource weights, WeightSource original) {
        try (weights;
                Arena arena = Arena.ofConfined()) {
            assertThat(weights.names()).hasSameElementsAs(original.names());
            for (String name : original.names()) {
                assertThat(weights.shape(name)).isEqualTo(original.shape(name));
                assertThat(read(weights, name, arena).mismatch(read(original, name, arena)))
                        .as(name)
                        .isEqualTo(-1);
            }
        }
    }

    private static MemorySegment read(WeightSource weights, String name, Arena arena) {
        long elements = 1;
        for (long dimension : weights.shape(name)) {
            elements *= dimension;
        }
        MemorySegment floats = arena.allocate(4 * elements, 4);
        weights.read(name, floats);
        return floats;
    }

    @Test
    void theSecondReaderGetsTheSameBitsFromTheFile() throws IOException {
        System.setProperty(CacheFolder.PROPERTY, folder.resolve("cache").toString());
        try (WeightSource inflated = BuiltInModel.MINILM.weights()) {
            assertSame(CachedWeights.open(BuiltInModel.MINILM), inflated);
            assertThat(files()).hasSize(1);
            WeightSource second = CachedWeights.open(BuiltInModel.MINILM);
            assertThat(second).isInstanceOf(CachedWeights.class);
            assertSame(second, inflated);
            assertThat(files()).hasSize(1);
        } finally {
            System.clearProperty(CacheFolder.PROPERTY);
        }
    }

    @Test
    void aDamagedFileIsReplacedAndNeverRead() throws IOException {
        open().close();
        Path file = files().getFirst();
        byte[] good = Files.readAllBytes(file);
        byte[] flipped = good.clone();
        flipped[good.length / 2] ^= 1;
        Files.write(file, flipped);
        assertGood(open());
        assertThat(files()).as("deleted when the damage was found").isEmpty();

        Files.write(file, Arrays.copyOf(good, good.length - 100));
        assertGood(open());
        assertThat(Files.readAllBytes(file)).as("written again").isEqualTo(good);

        WeightSource open = open();
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.truncate(good.length / 2);
        }
        assertGood(open);
    }

    /** An interrupted thread cannot read files, whatever is in them. */
    @Test
    void anInterruptedReaderGetsTheWeightsAndLeavesTheFile() throws IOException {
        open().close();
        byte[] good = Files.readAllBytes(files().getFirst());
        WeightSource weights = open();
        assertThat(weights).isInstanceOf(CachedWeights.class);
        Thread.currentThread().interrupt();
        try (Arena arena = Arena.ofConfined()) {
            read(weights, "embeddings.LayerNorm.bias", arena);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertGood(weights);
        assertThat(files()).hasSize(1);
        assertThat(Files.readAllBytes(files().getFirst())).isEqualTo(good);
    }

    @Test
    void nothingIsReadOrDeletedAfterClose() throws IOException {
        open().close();
        WeightSource weights = open();
        assertThat(weights).isInstanceOf(CachedWeights.class);
        weights.close();
        weights.close();
        try (Arena arena = Arena.ofConfined()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> read(weights, "embeddings.LayerNorm.bias", arena))
                    .withMessage("the weights of minilm are closed");
        }
        assertThat(files()).hasSize(1);
    }

    /** What still reads as a header must not stand for another model. */
    @Test
    void aDamagedHeaderIsReplaced() throws IOException {
        open().close();
        Path file = files().getFirst();
        byte[] good = Files.readAllBytes(file);
        int headerBytes =
                (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        String header = new String(good, 8, headerBytes, StandardCharsets.UTF_8);
        for (String[] damage : new String[][] {
            {"word_embeddings", "wOrd_embeddings"},
            {"[96,64]", "[64,96]"},
            {"\"F32\"", "\"U32\""},
            {"__metadata__", "__metadatA__"},
            {"{", "["},
            {"\"", "\0"},
        }) {
            byte[] damaged = good.clone();
            byte[] text = header.replaceFirst(Pattern.quote(damage[0]), Matcher.quoteReplacement(damage[1]))
                    .getBytes(StandardCharsets.UTF_8);
            assertThat(text).as(damage[0]).hasSize(headerBytes);
            assertThat(new String(text, StandardCharsets.UTF_8)).isNotEqualTo(header);
            System.arraycopy(text, 0, damaged, 8, headerBytes);
            Files.write(file, damaged);
            assertGood(open());
            open().close();
            assertThat(Files.readAllBytes(file)).as("written again").isEqualTo(good);
        }
    }

    @Test
    void otherVersionsAndLeftoversAreDeleted() throws IOException {
        Path cache = Files.createDirectories(folder.resolve("cache"));
        Files.writeString(cache.resolve("minilm-00000000.safetensors"), "an older version");
        Path killed = Files.writeString(cache.resolve(".minilm-1.safetensors.x.tmp"), "left by a killed writer");
        Files.setLastModifiedTime(killed, FileTime.fromMillis(0));
        Path running = Files.writeString(cache.resolve(".minilm-2.safetensors.x.tmp"), "another process writes it");
        Path other = Files.writeString(cache.resolve("bge-small-00000000.safetensors"), "another model");
        Path users = Files.writeString(cache.resolve("minilm-finetuned.safetensors"), "a model of the user's");
        open().close();
        assertThat(files()).hasSize(4).contains(running, other, users);
    }

    @Test
    void aFolderThatCannotBeWrittenIsNoMistake() throws IOException {
        Files.writeString(folder.resolve("cache"), "a file, not a folder");
        assertGood(open());
    }

    @Test
    void manyWritersAtOnceAllGetTheWeights() throws Exception {
        // All have found nothing before the first one writes.
        var begin = new CyclicBarrier(3);
        var calls = Collections.nCopies(3, (Callable<Boolean>) () -> {
            assertGood(open(() -> {
                await(begin);
                return JAR;
            }));
            return true;
        });
        try (var threads = Executors.newFixedThreadPool(3)) {
            for (Future<Boolean> done : threads.invokeAll(calls)) {
                assertThat(done.get()).isTrue();
            }
        }
        assertThat(files()).hasSize(1);
    }

    private static void await(CyclicBarrier begin) {
        try {
            begin.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }
}
