package io.tokenwise.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.natives.Isa;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

class CostTablesTest {
    private static final Sizes SMALL = new Sizes(64, 256, 2, 2);

    private final VectorBackend backend = VectorBackend.open(1);

    @TempDir
    private Path folder;

    private Path file;
    private CostTable good;

    @BeforeEach
    void setFolder() throws IOException {
        System.setProperty("tokenwise.cache", folder.toString());
        file = folder.resolve("cost-" + CostTables.name(backend) + ".json");
        good = CostTable.of(
                Machine.of(backend), List.of(TestTables.shape(TestTables.MINILM, (_, rows) -> 1000.5 + rows)));
        CostTableFile.write(file, good);
    }

    @AfterEach
    void close() {
        System.clearProperty("tokenwise.cache");
        backend.close();
    }

    /** What it gives, and the log lines meanwhile. */
    private record Told<T>(T result, List<String> lines) {}

    private static <T> Told<T> listen(Supplier<T> work) {
        PrintStream saved = System.err;
        var bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            T result = work.get();
            return new Told<>(
                    result, bytes.toString(StandardCharsets.UTF_8).lines().toList());
        } finally {
            System.setErr(saved);
        }
    }

    /** The shipped table is taken, and one line names the file and the reason. */
    private void assertNotTrusted(String reason) {
        Told<CostTables.Found> told = listen(() -> CostTables.find(backend));
        assertThat(told.result.shipped()).isTrue();
        assertThat(told.lines)
                .singleElement()
                .asString()
                .contains(file.toString())
                .contains(reason);
    }

    @Test
    void whatIsKeptIsFoundAsItWas() {
        Told<CostTables.Found> told = listen(() -> CostTables.find(backend));
        assertThat(told.result).isEqualTo(new CostTables.Found(good, false));
        assertThat(told.result.label()).isEqualTo("measured here on " + good.made());
        assertThat(told.lines).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"precision\" : \"f32\" | \"precision\" : \"s8\" | precision was s8, here f32",
                "\"cpu\" : \" | \"cpu\" : \"another | cpu was another",
                "\"jvm\" : \" | \"jvm\" : \"1. | jvm was 1.",
                "\"build\" : \" | \"build\" : \"old | build was old",
                "\"backend\" : \" | \"backend\" : \"my | backend was my",
                "\"threads\" : 1 | \"threads\" : 2 | threads was 2, here 1",
                "\"format\" : 1 | \"format\" : 2 | format is 2, must be 1",
                "\"format\" : 1 | \"format\" : 1.5 | is no cost table",
                "\"format\" : 1, | '' | is no cost table",
                "\"made\" : \" | \"made\" : \"x | must be a day such as",
                "\"cpu\" : \" | \"cpu\" : null, \"name\" : \" | is no cost table",
                "\"heads\" : 12 | \"heads\" : 7 | must be a multiple of heads",
                "\"heads\" : 12 | \"heads\" : 0 | heads is 0, must be 1 to 65536",
                "\"layers\" : 6 | \"layers\" : 2000000000 | layers is 2000000000, must be 1 to 65536",
                "[ 1, 8, | [ 8, 1, | rows has 1 after 8",
                "[ 1, 8, | [ -1, 8, | rows has -1 after 0",
                "[ 1, 8, | [ null, 8, | rows has null after 0",
                "64, 256 ] | 64, 1000000000 ] | rows has 1000000000 after 64",
                "64, 256 ] | 64, 256, 257 ] | must be 6, one for each of rows",
                "1001.5 | NaN | is no cost table",
                "1001.5 | \"NaN\" | has NaN, must be above 0",
                "1001.5 | -1 | has -1.0, must be above 0",
                "1001.5 | 0 | has 0.0, must be above 0",
                "1001.5 | 1e300 | has 1.0E300, must be above 0 and at most",
                "1001.5 | 1e999 | has Infinity, must be above 0",
                "1001.5 | null | has null, must be above 0",
                "\"POOLING\" | \"MLP_HALF\" | is no cost table",
                "\"POOLING\" | \"SOFTMAX\" | is no cost table",
                "\"machine\" | \"format\" : 1, \"machine\" | is no cost table",
                "\"machine\" | \"more\" : 1, \"machine\" | is no cost table"
            })
    void aForeignOrHostileTableIsNotTrusted(String found, String instead, String reason) throws IOException {
        String text = Files.readString(file);
        assertThat(text).contains(found);
        int at = text.indexOf(found);
        Files.writeString(file, text.substring(0, at) + instead + text.substring(at + found.length()));
        assertNotTrusted(reason);
    }

    static final List<String> CONTENTS =
            List.of("", "null", "[]", "7", "{", "{}", "[".repeat(5000), "\0", "{\"format\" : 1}", "\u00ff\u00fe");

    @ParameterizedTest
    @FieldSource("CONTENTS")
    void whatIsNoTableIsNotTrusted(String content) throws IOException {
        Files.write(file, content.getBytes(StandardCharsets.ISO_8859_1));
        assertNotTrusted("is no cost table");
    }

    @Test
    void aTableCutAnywhereIsNotTrusted() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        // Without its last byte, a line's end, it is whole.
        for (int length = 0; length < bytes.length - 2; length += 97) {
            Files.write(file, Arrays.copyOf(bytes, length));
            assertNotTrusted("is no cost table");
        }
    }

    @Test
    void aLargeFileIsNotRead() throws IOException {
        Files.writeString(file, Files.readString(file) + " ".repeat(CostTableFile.MOST_BYTES));
        assertNotTrusted("more than 65536 bytes is not read");
    }

    @Test
    void aFolderInTheTablesPlaceIsNotTrusted() throws IOException {
        Files.delete(file);
        Files.createDirectory(file);
        assertNotTrusted("is not a file");
    }

    @Test
    void shapesAreMeasuredAndKeptBesideOthers() throws IOException {
        CostTables.Found found = CostTables.measure(backend, List.of(SMALL));
        assertThat(found.shipped()).isFalse();
        assertThat(found.table().shapes()).extracting(ShapeCost::sizes).containsExactly(SMALL, TestTables.MINILM);
        assertThat(CostTables.find(backend)).isEqualTo(found);
        assertThat(new CostModel(found.table(), SMALL, 256).micros(256)).isPositive();
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void withoutAFolderNothingIsKept() throws IOException {
        Files.delete(file);
        System.clearProperty("tokenwise.cache");
        assertThat(CostTables.find(backend).shipped()).isTrue();
        Told<CostTables.Found> told = listen(() -> CostTables.keep(backend, good));
        assertThat(told.result.table().shapes()).hasSize(1);
        assertThat(told.lines).isEmpty();
        assertThat(CostTables.find(backend).shipped()).isTrue();
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aFolderThatCannotBeWrittenIsOneLine() throws IOException {
        Path taken = Files.createFile(folder.resolve("taken"));
        System.setProperty("tokenwise.cache", taken.toString());
        Told<CostTables.Found> told = listen(() -> CostTables.keep(backend, good));
        assertThat(told.result.table().shapes()).hasSize(1);
        assertThat(told.lines)
                .singleElement()
                .asString()
                .contains("is not kept")
                .contains(taken.toString());
    }

    @Test
    void aTableIsOfOneThread() {
        try (var two = VectorBackend.open(2)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> CostTables.measure(two, List.of(SMALL)))
                    .withMessageContaining("the backend has 2");
        }
    }

    /** Each reader sees one of the tables whole, and no writer leaves anything behind. */
    @Test
    void manyMayWriteAtOnce() throws Exception {
        try (var threads = Executors.newFixedThreadPool(8)) {
            var work = new ArrayList<Callable<CostTables.Found>>();
            for (int i = 0; i < 100; i++) {
                int number = i + 1;
                work.add(() -> {
                    CostTableFile.write(
                            file,
                            CostTable.of(
                                    good.machine(),
                                    List.of(TestTables.shape(new Sizes(number, 1, 1, 1), (_, rows) -> 1.0 * rows))));
                    return CostTables.find(backend);
                });
            }
            for (Future<CostTables.Found> found : threads.invokeAll(work)) {
                assertThat(found.get().shipped()).isFalse();
            }
        }
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    static final List<String> SHIPPED = CostTables.SHIPPED;

    @ParameterizedTest
    @FieldSource("SHIPPED")
    void everyShippedTableIsGood(String name) {
        CostTable table = CostTables.shipped(name);
        Machine machine = table.machine();
        assertThat(name).endsWith("-" + machine.instructions().toLowerCase(Locale.ROOT) + "-" + machine.precision());
        assertThat(table.shapes())
                .extracting(ShapeCost::sizes)
                .containsExactly(TestTables.MINILM, new Sizes(768, 3072, 12, 12), StayGate.SIZES);
    }

    @ParameterizedTest
    @CsvSource({
        "vector, scalar, f32, vector-vector-256-f32",
        "vector, vector-128, f32, vector-vector-256-f32",
        "vector, vector-512, f32, vector-vector-512-f32",
        "onednn, AVX2, f32, onednn-avx2-f32",
        "onednn, AVX2_VNNI, f32, onednn-avx2-f32",
        "onednn, AVX2, s8, onednn-avx2-s8",
        "onednn, AVX2_VNNI, s8, onednn-avx512_core_vnni-s8",
        "onednn, AVX512_CORE, s8, onednn-avx2-s8",
        "onednn, OTHER, s8, onednn-avx2-s8",
        "cuda, sm_90, f32, vector-vector-512-f32",
        "onednn, AVX512_CORE_BF16, f32, onednn-avx512_core-f32",
        "onednn, AVX512_CORE_BF16, s8, onednn-avx512_core_bf16-s8",
        "onednn, AVX512_CORE_BF16, s7, onednn-avx512_core_bf16-s8",
        "onednn, AVX2, s7, onednn-avx2-s8",
        "onednn, AVX512_CORE_AMX, bf16, onednn-avx512_core_bf16-bf16",
        "onednn, OTHER, f32, onednn-avx2-f32"
    })
    void theNearestInstructionsAreTaken(String kind, String instructions, String precision, String name) {
        assertThat(CostTables.nearest(kind, instructions, precision)).isEqualTo(name);
    }

    @ParameterizedTest
    @EnumSource
    void bytesAreMeasuredWithUnitsForThemWhereTheCpuHasThem(Isa isa) {
        String name = CostTables.nearest("onednn", isa.name(), "s8");
        assertThat(name.equals("onednn-avx2-s8")).isEqualTo(!isa.hasInt8());
    }
}
