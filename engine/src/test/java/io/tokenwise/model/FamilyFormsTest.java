package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Embedding;
import io.tokenwise.TestModels;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.model.FamiliesTest.FamilyCase;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What positions do in a family and nothing else does, its first layers alone, and its products of 8 bits. */
class FamilyFormsTest {
    private static final Logger LOG = LoggerFactory.getLogger(FamilyFormsTest.class);
    private static final int WORDS = 97;

    @TempDir
    private Path folder;

    private static Backend float32() {
        return Backends.open(BackendChoice.FLOAT32, 1);
    }

    private static int[] text(int length, long seed) {
        return new SplittableRandom(seed).ints(length, 4, WORDS).toArray();
    }

    /** What each layer gives for each token. */
    private static List<float[][]> layers(Encoder encoder, int[] text) {
        Backend backend = encoder.parameters().backend();
        try (Workspace workspace = backend.workspace(1L << 28)) {
            var batch = new TokenBatch();
            encoder.add(batch, text);
            var pass = new Pass(backend.stream(), workspace);
            var collected = new ArrayList<Tensor>();
            Tensor last = encoder.tokens(pass.begin(Budget.FULL).collectLayers(collected), batch);
            var layers = new ArrayList<float[][]>();
            collected.forEach(layer -> layers.add(rows(pass, layer)));
            layers.add(rows(pass, last));
            return layers;
        }
    }

    static float[][] rows(Pass pass, Tensor tensor) {
        try (HostTensor values = pass.stream().read(tensor)) {
            var rows = new float[values.rows()][values.columns()];
            for (int row = 0; row < rows.length; row++) {
                values.copyRow(row, rows[row], 0);
            }
            return rows;
        }
    }

    private static float[][] tokens(Encoder encoder, int[] text) {
        return layers(encoder, text).getLast();
    }

    @ParameterizedTest
    @FieldSource("io.tokenwise.model.FamiliesTest#FAMILIES")
    void theFirstLayersAreThoseOfTheWhole(FamilyCase family) throws IOException {
        family.write(folder);
        int[] text = text(40, 1);
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder whole = Encoder.load(files, backend);
                Encoder first = Encoder.load(files.firstLayers(2), backend)) {
            List<float[][]> all = layers(whole, text);
            List<float[][]> some = layers(first, text);
            assertThat(some).hasSizeLessThan(all.size());
            // The last is what the model gives, after a norm in some families.
            assertThat(some).hasSize(3);
            for (int i = 0; i < 2; i++) {
                assertThat(some.get(i)).as("layer " + i).isDeepEqualTo(all.get(i));
            }
            assertThat(some.getLast()).isNotEqualTo(all.getLast());
        }
    }

    @ParameterizedTest
    @FieldSource("io.tokenwise.model.FamiliesTest#FAMILIES")
    void eightBitsGiveNearlyTheSame(FamilyCase family) throws IOException {
        bytesGiveNearlyTheSame(family, Precision.S8, .995);
    }

    @ParameterizedTest
    @FieldSource("io.tokenwise.model.FamiliesTest#FAMILIES")
    void sevenBitsGiveNearlyTheSame(FamilyCase family) throws IOException {
        bytesGiveNearlyTheSame(family, Precision.S7, .99);
    }

    private void bytesGiveNearlyTheSame(FamilyCase family, Precision precision, double least) throws IOException {
        family.write(folder);
        List<int[]> texts =
                IntStream.range(0, 20).mapToObj(i -> text(3 + i * 4, i)).toList();
        try (Backend exact = float32();
                Backend narrow = TestModels.oneDnn(precision, 1);
                ModelFiles files = Models.open(folder)) {
            float[][] wanted = vectors(files, exact, texts);
            float[][] found = vectors(files, narrow, texts);
            double cosine = IntStream.range(0, texts.size())
                    .mapToDouble(i -> Embedding.cosine(wanted[i], found[i]))
                    .average()
                    .orElseThrow();
            LOG.info("{} {}: mean cosine {}", family, precision, cosine);
            assertThat(found).isNotEqualTo(wanted);
            assertThat(cosine).isGreaterThan(least);
        }
    }

    private static float[][] vectors(ModelFiles files, Backend backend, List<int[]> texts) throws IOException {
        try (Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            return sessions.encode(texts, Budget.FULL, null);
        }
    }

    /** Those whose positions are in tables that can be emptied. */
    static Stream<FamilyCase> withTables() {
        return FamiliesTest.FAMILIES.stream()
                .filter(family -> List.of("bert", "distilbert", "mpnet", "t5").contains(family.program()));
    }

    /** Those whose first token has a row after the padding's. */
    static Stream<FamilyCase> withOffset() {
        return withTables()
                .filter(family ->
                        family.program().equals("mpnet") || family.changes().containsKey("pad_token_id"));
    }

    private static boolean isOfPositions(Parameter parameter) {
        return parameter.name().contains("position_embeddings")
                || parameter.name().contains("relative_attention_bias");
    }

    private static void set(Encoder encoder, Predicate<Parameter> which, int fromRow, int toRow, float value) {
        List<Parameter> some = encoder.parameters().all().stream().filter(which).toList();
        assertThat(some).isNotEmpty();
        for (Parameter parameter : some) {
            try (HostTensor values = parameter.write()) {
                for (int row = fromRow; row < Math.min(toRow, values.rows()); row++) {
                    for (int column = 0; column < values.columns(); column++) {
                        values.set(row, column, value);
                    }
                }
            }
            parameter.changed();
        }
        encoder.prepare(encoder.parameters().backend().stream());
    }

    @ParameterizedTest
    @MethodSource("withTables")
    void withoutPositionsOtherOrderGivesEachTokenTheSame(FamilyCase family) throws IOException {
        family.write(folder);
        int[] text = text(30, 2);
        int[] moved = new int[text.length];
        for (int i = 0; i < text.length; i++) {
            moved[i] = text[7 * i % text.length];
        }
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend)) {
            assertThat(apart(tokens(encoder, text), tokens(encoder, moved)))
                    .as("with positions")
                    .isGreaterThan(.01);
            set(encoder, FamilyFormsTest::isOfPositions, 0, Integer.MAX_VALUE, 0);
            assertThat(apart(tokens(encoder, text), tokens(encoder, moved))).isLessThan(1e-4);
        }
    }

    /** How far the rows of moved tokens are from those that they had. */
    private static double apart(float[][] before, float[][] moved) {
        double most = 0;
        for (int i = 0; i < moved.length; i++) {
            for (int j = 0; j < moved[i].length; j++) {
                most = Math.max(most, Math.abs(moved[i][j] - before[7 * i % before.length][j]));
            }
        }
        return most;
    }

    /** RoBERTa counts positions from the one after the padding's, whose row and those before it are of no token. */
    @ParameterizedTest
    @MethodSource("withOffset")
    void rowsUpToThePaddingsAreNotRead(FamilyCase family) throws IOException {
        family.write(folder);
        int[] text = text(12, 3);
        int first = 2;
        Predicate<Parameter> table = parameter -> parameter.name().contains("position_embeddings");
        try (Backend backend = float32();
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend)) {
            float[][] before = tokens(encoder, text);
            set(encoder, table, 0, first, 1e30f);
            assertThat(tokens(encoder, text)).isDeepEqualTo(before);
            set(encoder, table, first + text.length, Integer.MAX_VALUE, 1e30f);
            assertThat(tokens(encoder, text)).as("rows of later tokens").isDeepEqualTo(before);
            set(encoder, table, first, first + 1, 1);
            assertThat(tokens(encoder, text)).isNotEqualTo(before);
        }
    }
}
