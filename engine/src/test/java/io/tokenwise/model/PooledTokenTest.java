package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.choice.Backends;
import io.tokenwise.model.FamiliesTest.FamilyCase;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Where one token's vector is read alone the last layer makes no other's: what comes out has the bits that it has of all tokens. */
class PooledTokenTest {
    private static final int WORDS = 97;

    @TempDir
    private Path folder;

    private List<int[]> texts() {
        var random = new SplittableRandom(5);
        var texts = new ArrayList<int[]>();
        for (int length : new int[] {1, 23, 2, 40, 9}) {
            texts.add(random.ints(length, 4, WORDS).toArray());
        }
        return texts;
    }

    private void write(FamilyCase family, String mode) throws IOException {
        family.write(folder);
        Files.writeString(folder.resolve("modules.json"), """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
                """);
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(
                folder.resolve("1_Pooling/config.json"),
                "{\"word_embedding_dimension\": 48, \"pooling_mode\": \"%s\"}".formatted(mode));
    }

    @ParameterizedTest
    @FieldSource("io.tokenwise.model.FamiliesTest#FAMILIES")
    void theFirstTokenIsAsAmongAll(FamilyCase family) throws IOException {
        write(family, "cls");
        checkDense();
    }

    @ParameterizedTest
    @FieldSource("io.tokenwise.model.FamiliesTest#FAMILIES")
    void theLastTokenIsAsAmongAll(FamilyCase family) throws IOException {
        write(family, "lasttoken");
        checkDense();
    }

    private void checkDense() throws IOException {
        try (ModelFiles files = Models.open(folder);
                Backend float32 = Backends.open(BackendChoice.FLOAT32, 1);
                Backend bytes = TestModels.oneDnn(Precision.S8, 2);
                Encoder exact = Encoder.load(files, float32);
                Encoder narrow = Encoder.load(files, bytes)) {
            check(exact, Budget.FULL);
            check(narrow, Budget.FULL);
            checkThatTheLastLayerMakesNoOther(exact);
        }
    }

    private void checkThatTheLastLayerMakesNoOther(Encoder encoder) {
        Backend backend = encoder.parameters().backend();
        try (Workspace workspace = backend.workspace(1L << 28)) {
            TokenBatch batch = batch(encoder);
            var rows = new ArrayList<Integer>();
            var pass = new Pass(watched(backend.stream(), rows), workspace);
            encoder.forward(pass.begin(Budget.FULL), batch);
            int layers = encoder.slots().size() / 2;
            var expected = new ArrayList<>(Collections.nCopies(layers - 1, batch.tokens()));
            expected.add(batch.sequences());
            assertThat(rows).isEqualTo(expected);
        }
    }

    /** The same stream, which adds the rows of each MLP's input. */
    private static Stream watched(Stream stream, List<Integer> rows) {
        return (Stream) Proxy.newProxyInstance(
                Stream.class.getClassLoader(), new Class<?>[] {Stream.class}, (_, method, arguments) -> {
                    if (method.getName().equals("mlp")) {
                        rows.add(((Tensor) arguments[0]).rows());
                    }
                    return method.invoke(stream, arguments);
                });
    }

    @ParameterizedTest
    @FieldSource("io.tokenwise.model.TokensThatLeaveTest#WIDER")
    void tokensThatLeaveChangeNothing(FamilyCase family) throws IOException {
        write(family, "cls");
        try (ModelFiles files = Models.open(folder);
                Backend backend = Backends.open(BackendChoice.FLOAT32, 1);
                Encoder encoder = TestModels.shortPath(files, backend, texts())) {
            check(encoder, Budget.of(.5));
            check(encoder, Budget.FULL);
        }
    }

    /** What adaptive MLPs choose, and tell, is for all tokens. */
    @Test
    void adaptiveMlpsSeeAllTokens() throws IOException {
        write(FamiliesTest.FAMILIES.getFirst(), "cls");
        try (ModelFiles files = Models.open(folder);
                Backend backend = Backends.open(BackendChoice.FLOAT32, 1);
                Encoder encoder = Encoder.load(files, backend);
                Workspace workspace = backend.workspace(1L << 28)) {
            TestModels.acmize(encoder, AdaptiveLayers.mlps(4), texts());
            TestModels.randomizeGates(encoder, .5);
            check(encoder, Budget.flops(.5));
            TokenBatch batch = batch(encoder);
            var told = new ArrayList<Integer>();
            var pass = new Pass(backend.stream(), workspace).begin(Budget.flops(.5));
            encoder.forward(pass.with(LearnerObserver.class, (_, _, tokens, _) -> told.add(tokens)), batch);
            assertThat(told).hasSize(encoder.acms().size()).containsOnly(batch.tokens());
        }
    }

    private TokenBatch batch(Encoder encoder) {
        var batch = new TokenBatch();
        texts().forEach(text -> encoder.add(batch, text));
        return batch;
    }

    private void check(Encoder encoder, Budget budget) {
        Backend backend = encoder.parameters().backend();
        try (Workspace workspace = backend.workspace(1L << 28)) {
            TokenBatch batch = batch(encoder);
            var pass = new Pass(backend.stream(), workspace);
            Tensor tokens = encoder.tokens(pass.begin(budget), batch);
            assertThat(tokens.rows()).isGreaterThan(batch.sequences());
            float[][] ofAll = FamilyFormsTest.rows(pass, encoder.outputs(pass, tokens, pass.batch()));
            float[][] ofOne = FamilyFormsTest.rows(pass, encoder.forward(pass.begin(budget), batch));
            assertThat(pass.batch().tokens()).isEqualTo(batch.sequences());
            assertThat(ofOne).isDeepEqualTo(ofAll);
            assertThat(ofOne[0]).isNotEqualTo(ofOne[1]);
        }
    }
}
