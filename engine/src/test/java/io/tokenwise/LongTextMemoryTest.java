package io.tokenwise;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.references.RandomModel;
import io.tokenwise.session.Sessions;
import io.tokenwise.tokenizer.TokenizerTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A text of 8,192 tokens takes no more memory than is stated: attention is never there as a whole. */
class LongTextMemoryTest {
    private static final EngineOptions OPTIONS =
            EngineOptions.defaults().withThreads(2).withBackend(BackendChoice.FLOAT32);

    /** What a JVM's heap and compilers take while it computes. */
    private static final long JVM_BYTES = 128L << 20;

    @TempDir
    private Path folder;

    private void write(String family, int width, int units, int layers, int tokens) throws IOException {
        boolean nomic = family.equals("nomic_bert");
        Map<String, Object> sizes = new HashMap<>(Map.of(
                nomic ? "n_embd" : "hidden_size", width,
                nomic ? "n_inner" : "intermediate_size", units,
                nomic ? "n_layer" : "num_hidden_layers", layers,
                nomic ? "n_head" : "num_attention_heads", 12,
                nomic ? "n_positions" : "max_position_embeddings", tokens));
        if (!nomic) {
            sizes.put("local_attention", 128);
        }
        RandomModel.small(family, sizes, 1).write(folder, "");
        Files.writeString(folder.resolve("tokenizer.json"), TokenizerTest.SMALL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nomic_bert", "modernbert"})
    void whatASessionHoldsIsWithinWhatIsStated(String family) throws IOException {
        write(family, 96, 160, 2, 2_048);
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            assertThat(encoder.embed("a ".repeat(3_000)).tokens()).isEqualTo(2_048);
            assertThat(encoder.model().sessions().workspaceBytes())
                    .isLessThanOrEqualTo(Sessions.memoryLimit(encoder.model().encoder(), 2_048))
                    .isGreaterThan(4L * 2_048 * 96);
        }
    }

    /** That a model may read long texts costs nobody memory who has short ones. */
    @Test
    void manyShortTextsTakeNoMoreThanTheyWouldOfAModelThatReadsNoLonger() throws IOException {
        write("nomic_bert", 96, 160, 2, 2_048);
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS.withBatchTokens(64))) {
            encoder.embed(Collections.nCopies(64, "a ".repeat(30)));
            assertThat(encoder.model().sessions().workspaceBytes())
                    .isLessThanOrEqualTo(Sessions.memoryLimit(encoder.model().encoder(), 64));
        }
    }

    /** A service warms up before it is ready, and a text of 8,192 tokens takes many seconds. */
    @Test
    void modelsAreNotWarmedUpByTheirLongestTexts() throws IOException {
        write("nomic_bert", 96, 160, 2, 8_192);
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            encoder.warmUp();
            assertThat(encoder.model().sessions().workspaceBytes())
                    .isPositive()
                    .isLessThanOrEqualTo(Sessions.memoryLimit(encoder.model().encoder(), 512));
        }
    }

    /** Of base's width, with layers of every kind: 4 take as much as 22, but for weights. */
    @ParameterizedTest
    @ValueSource(strings = {"nomic_bert", "modernbert"})
    @EnabledIfSystemProperty(named = "tokenwise.long", matches = "true")
    @EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc/self/status")
    void aProcessGrowsByNoMoreThanIsStated(String family) throws Exception {
        write(family, 768, family.equals("modernbert") ? 1_152 : 3_072, 4, 8_192);
        Process child = ChildJvm.of(List.of("-Xmx512m"), Child.class, folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String[] said =
                new String(child.getInputStream().readAllBytes(), UTF_8).strip().split(" ");
        assertThat(child.waitFor()).isZero();
        System.Logger log = System.getLogger(LongTextMemoryTest.class.getName());
        long limit = Long.parseLong(said[1]);
        long grown = Long.parseLong(said[2]);
        log.log(
                System.Logger.Level.INFO,
                "{0}: {1} tokens, stated {2} MB, held {3} MB, the process grew by {4} MB",
                family,
                said[0],
                limit / 1_000_000,
                Long.parseLong(said[3]) / 1_000_000,
                grown / 1_000_000);
        assertThat(said[0]).isEqualTo("8192");
        assertThat(grown).isLessThanOrEqualTo(limit + JVM_BYTES);
    }

    /** What the process runs. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) throws IOException {
            try (TextEncoder encoder = TextEncoder.open(args[0], OPTIONS)) {
                encoder.embed("a");
                long before = bytes("VmRSS:");
                int tokens = encoder.embed("a ".repeat(9_000)).tokens();
                long grown = bytes("VmHWM:") - before;
                System.out.println(
                        tokens + " " + Sessions.memoryLimit(encoder.model().encoder(), 8_192) + " " + grown + " "
                                + encoder.model().sessions().workspaceBytes());
            }
        }

        private static long bytes(String field) throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith(field))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
