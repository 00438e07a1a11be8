package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.io.OnnxWeights;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CachedWeightsTest {
    /** Inflated once: it takes longer than all that is compared with it. */
    private static OnnxWeights jar;

    private static final Map<String, MemorySegment> jarsTensors = new HashMap<>();

    @TempDir
    private Path folder;

    @BeforeAll
    static void readJar() throws IOException {
        jar = BuiltInModel.MINILM.weights();
        jar.names().forEach(name -> jarsTensors.put(name, read(jar, name, Arena.ofAuto())));
    }

    @AfterAll
    static void closeJar() {
        jar.close();
        jarsTensors.clear();
    }

    @BeforeEach
    void setFolder() {
        System.setProperty("tokenwise.cache", folder.resolve("cache").toString());
    }

    @AfterEach
    void clearFolder() {
        System.clearProperty("tokenwise.cache");
    }

    private List<Path> files() throws IOException {
        try (var files = Files.list(folder.resolve("cache"))) {
            return files.toList();
        }
    }

    /** Every tensor has the bits that the jar gives. */
    private static void assertGood(WeightSource weights) throws IOException {
        try (weights;
                Arena arena = Arena.ofConfined()) {
            assertThat(weights.names()).hasSameElementsAs(jar.names());
            for (String name : jar.names()) {
                assertThat(weights.shape(name)).isEqualTo(jar.shape(name));
                assertThat(read(weights, name, arena).mismatch(jarsTensors.get(name)))
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
        assertGood(CachedWeights.open(BuiltInModel.MINILM));
        assertThat(files()).hasSize(1);
        WeightSource second = CachedWeights.open(BuiltInModel.MINILM);
        assertThat(second).isInstanceOf(CachedWeights.class);
        assertGood(second);
        assertThat(files()).hasSize(1);
    }

    @Test
    void aDamagedFileIsReplacedAndNeverRead() throws IOException {
        CachedWeights.open(BuiltInModel.MINILM).close();
        Path file = files().getFirst();
        byte[] good = Files.readAllBytes(file);
        byte[] flipped = good.clone();
        flipped[good.length / 2] ^= 1;
        Files.write(file, flipped);
        assertGood(CachedWeights.open(BuiltInModel.MINILM));
        assertThat(files()).as("deleted when the damage was found").isEmpty();

        Files.write(file, Arrays.copyOf(good, good.length - 100));
        assertGood(CachedWeights.open(BuiltInModel.MINILM));
        assertThat(Files.readAllBytes(file)).as("written again").isEqualTo(good);

        WeightSource open = CachedWeights.open(BuiltInModel.MINILM);
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.truncate(good.length / 2);
        }
        assertGood(open);
    }

    /** An interrupted thread cannot read files, whatever is in them. */
    @Test
    void anInterruptedReaderGetsTheWeightsAndLeavesTheFile() throws IOException {
        CachedWeights.open(BuiltInModel.MINILM).close();
        byte[] good = Files.readAllBytes(files().getFirst());
        WeightSource weights = CachedWeights.open(BuiltInModel.MINILM);
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
        CachedWeights.open(BuiltInModel.MINILM).close();
        WeightSource weights = CachedWeights.open(BuiltInModel.MINILM);
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
        CachedWeights.open(BuiltInModel.MINILM).close();
        Path file = files().getFirst();
        byte[] good = Files.readAllBytes(file);
        int headerBytes =
                (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        String header = new String(good, 8, headerBytes, StandardCharsets.UTF_8);
        for (String[] damage : new String[][] {
            {"word_embeddings", "wOrd_embeddings"},
            {"[1536,384]", "[384,1536]"},
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
            assertGood(CachedWeights.open(BuiltInModel.MINILM));
            CachedWeights.open(BuiltInModel.MINILM).close();
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
        CachedWeights.open(BuiltInModel.MINILM).close();
        assertThat(files()).hasSize(4).contains(running, other, users);
    }

    @Test
    void aFolderThatCannotBeWrittenIsNoMistake() throws IOException {
        Files.writeString(folder.resolve("cache"), "a file, not a folder");
        assertGood(CachedWeights.open(BuiltInModel.MINILM));
    }

    @Test
    void manyWritersAtOnceAllGetTheWeights() throws Exception {
        var calls = Collections.nCopies(3, (Callable<Boolean>) () -> {
            assertGood(CachedWeights.open(BuiltInModel.MINILM));
            return true;
        });
        try (var threads = Executors.newFixedThreadPool(3)) {
            for (Future<Boolean> done : threads.invokeAll(calls)) {
                assertThat(done.get()).isTrue();
            }
        }
        assertThat(files()).hasSize(1);
    }
}
