package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Inference reads what was prepared, so a model whose weights changed is to be prepared again, and then is the changed one in all of its parts. */
class PreparedModelTest {
    private final List<int[]> texts = TestModels.sequences(9, 20, 14);
    private Backend backend;
    private ModelFiles files;

    @BeforeEach
    void open(@TempDir Path directory) throws IOException {
        TestModels.writeSmall(directory.resolve("small"));
        backend = VectorBackend.open(1);
        files = Models.open(directory.resolve("small"));
    }

    @AfterEach
    void close() throws IOException {
        files.close();
        backend.close();
    }

    /** As a step of training does. */
    private static void change(List<Parameter> parameters) {
        var random = new SplittableRandom(17);
        for (Parameter parameter : parameters) {
            for (int i = 0; i < parameter.value().size(); i++) {
                float value = parameter.value().floats().get(i);
                parameter.value().floats().set(i, value + 0.05f * (float) random.nextGaussian());
            }
            parameter.changed();
        }
    }

    private float[][] encode(Encoder model, Budget budget) {
        try (var sessions = new Sessions(model, backend, 256, 1)) {
            return sessions.encode(texts, budget, null);
        }
    }

    /** What is saved are the parameters; so the saved model tells whether all that was made of them is up to date. */
    private void assertIsWhatItsParametersSay(Encoder model, Path saved, List<Budget> budgets) throws IOException {
        var before = budgets.stream().map(budget -> encode(model, budget)).toList();
        // What tokens have in place of a query is not trained, and in place of keys and values a file has nothing.
        change(model.parameters().all().stream()
                .filter(parameter -> !parameter.name().endsWith(".rest"))
                .toList());
        model.prepare(backend.stream());
        model.save(saved, files.tokenizer(), ModelWriter.Existing.KEEP);
        try (ModelFiles savedFiles = Models.open(saved);
                Encoder loaded = Encoder.load(savedFiles, backend)) {
            for (int i = 0; i < budgets.size(); i++) {
                float[][] vectors = encode(model, budgets.get(i));
                assertThat(vectors).as(budgets.get(i).toString()).isDeepEqualTo(encode(loaded, budgets.get(i)));
                assertThat(vectors[0]).as(budgets.get(i).toString()).isNotEqualTo(before.get(i)[0]);
            }
        }
    }

    @Test
    void adaptiveModelIsTheChangedOneAtEveryBudget(@TempDir Path directory) throws IOException {
        try (Encoder model = Encoder.load(files, backend)) {
            TestModels.acmize(model, AdaptiveLayers.parse("mlp,qk,vo", 3), texts);
            TestModels.randomizeGates(model, 0.3);
            assertIsWhatItsParametersSay(
                    model, directory.resolve("saved"), List.of(Budget.FULL, Budget.flops(0.7), Budget.flops(0.3)));
        }
    }

    @Test
    void shortPathIsTheChangedOne(@TempDir Path directory) throws IOException {
        try (Encoder model = TestModels.shortPath(files, backend)) {
            assertIsWhatItsParametersSay(
                    model, directory.resolve("saved"), List.of(Budget.FULL, Budget.flops(0.7), Budget.flops(0.4)));
        }
    }

    /** Tests run with assertions, so none of them reads weights of yesterday. */
    @Test
    void whoForgetsToPrepareIsTold() {
        try (Encoder model = Encoder.load(files, backend)) {
            for (String layer : List.of("encoder.layer.1.", "encoder.layer.1.attention.")) {
                String name = layer + "output.dense.weight";
                change(List.of(model.parameters().get(name)));
                assertThatThrownBy(() -> encode(model, Budget.FULL))
                        .isInstanceOf(AssertionError.class)
                        .hasMessageContaining(name)
                        .hasMessageContaining("not prepared again");
                model.prepare(backend.stream());
                encode(model, Budget.FULL);
            }
        }
    }

    @Test
    void modelThatWasNeverPreparedIsRefused() {
        try (Encoder model = NewEncoder.untrained(files.description(), backend)) {
            assertThatThrownBy(() -> encode(model, Budget.FULL))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("call prepare first");
        }
    }
}
