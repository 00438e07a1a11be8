package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.FamiliesTest.FamilyCase;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.references.Reference;
import io.tokenwise.references.Result;
import io.tokenwise.references.TorchScript;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tokens leave in every family of text encoders: those that stay stand where they stood, whether by angles, biases, windows or their order. */
class TokensThatLeaveTest {
    private static final int WORDS = 97;

    /** Below the bound up to which texts look values up, and above it. */
    private static final int[] LENGTHS = {4, 17, 40, 90};

    private static final List<Budget> BUDGETS = List.of(
            Budget.FULL,
            Budget.flops(.85),
            Budget.flops(.5),
            Budget.flops(.3),
            Budget.of(.5),
            Budget.hard(.85),
            Budget.hard(.5),
            Budget.hard(.3));

    static final List<FamilyCase> FAMILIES = FamiliesTest.FAMILIES;

    @TempDir
    private Path folder;

    private static List<int[]> texts(int... lengths) {
        var random = new SplittableRandom(3);
        return Arrays.stream(lengths)
                .mapToObj(length -> random.ints(length, 4, WORDS).toArray())
                .toList();
    }

    private static Encoder shortPath(ModelFiles files, Backend backend) {
        return TestModels.shortPath(files, backend, texts(40, 60, 30));
    }

    /** Against libtorch, where all tokens are computed and nobody sees those that left. */
    @ParameterizedTest
    @FieldSource("FAMILIES")
    void everyRowThatStaysIsTheReferencesWhereTheOthersAreHidden(FamilyCase family) throws Exception {
        assumeThat(TorchScript.isAvailable()).isTrue();
        family.write(folder);
        List<int[]> texts = texts(LENGTHS);
        try (Backend backend = Backends.open(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32), 1);
                ModelFiles files = Models.open(folder);
                Encoder encoder = shortPath(files, backend);
                Workspace workspace = backend.workspace(1L << 28);
                Reference reference = family.model().reference()) {
            ShortPlans plans = encoder.leaving().orElseThrow().plans();
            var some = new ArrayList<ShortPlan>();
            var batch = new TokenBatch();
            for (int[] text : texts) {
                encoder.add(batch, text);
                some.add(plans.of(Math.max(3, text.length * 3 / 5), 0));
            }
            var layers = new ArrayList<Tensor>();
            var pass = new Pass(backend.stream(), workspace);
            var stays = new boolean[batch.tokens()];
            pass.begin(Budget.FULL).collectLayers(layers).with(LearnerObserver.class, (_, chosen, tokens, _) -> {
                for (int row = 0; row < tokens; row++) {
                    stays[row] = chosen[row] == 1;
                }
            });
            Tensor last = encoder.tokens(pass, batch, some);
            for (int i = 0; i < texts.size(); i++) {
                boolean[] own = Arrays.copyOfRange(stays, batch.offsets()[i], batch.offsets()[i + 1]);
                assertThat(own[0] && own[own.length - 1]).isTrue();
                Result expected = reference.run(texts.get(i), own);
                int first = pass.batch().offsets()[i];
                for (int layer = 0; layer < layers.size(); layer++) {
                    float[][] wanted = those(expected.layers().get(layer), own);
                    NearRows.check(pass, layers.get(layer), first, wanted, "text " + i + ", layer " + layer);
                }
                NearRows.check(pass, last, first, those(expected.last(), own), "text " + i);
            }
        }
    }

    private static float[][] those(float[][] rows, boolean[] stay) {
        return IntStream.range(0, rows.length)
                .filter(row -> stay[row])
                .mapToObj(row -> rows[row])
                .toArray(float[][]::new);
    }

    /** One of each family, wider than the gate of tokens that leave. */
    static final List<FamilyCase> WIDER = List.of(
            wider("bert", Map.of("model_type", "xlm-roberta", "type_vocab_size", 1, "pad_token_id", 1)),
            wider("mpnet", Map.of()),
            new FamilyCase("t5", Map.of("d_model", 96, "d_ff", 192, "num_layers", 2), ""),
            wider("deberta_v2", Map.of()),
            wider("jina_bert", Map.of()),
            new FamilyCase("nomic_bert", Map.of("n_embd", 96, "n_inner", 192, "n_layer", 2), ""),
            wider("new", Map.of()),
            wider("modernbert", Map.of()),
            wider("eurobert", Map.of()),
            wider("qwen2", Map.of()),
            wider("qwen3", Map.of()),
            wider("gemma3", Map.of("use_bidirectional_attention", false)));

    private static FamilyCase wider(String program, Map<String, Object> changes) {
        var all = new HashMap<String, Object>(changes);
        all.putAll(Map.of("hidden_size", 96, "intermediate_size", 192, "num_hidden_layers", 2));
        return new FamilyCase(program, all, "");
    }

    static Stream<Arguments> precisions() {
        return WIDER.stream().flatMap(family -> Stream.of(Precision.values()).map(each -> Arguments.of(family, each)));
    }

    /** Full budget is the dense model; a text gives the same bits alone and in any batch, and what is saved the same as what is opened. */
    @ParameterizedTest
    @MethodSource("precisions")
    void anyBudgetHoldsAloneInABatchAndWhenItWasSaved(FamilyCase family, Precision precision) throws Exception {
        family.write(folder);
        List<int[]> texts = texts(7, 17, 40, 32, 90);
        var some = new ArrayList<int[]>();
        var budgets = new ArrayList<Budget>();
        for (int[] text : texts) {
            for (Budget budget : BUDGETS) {
                // The gate of a text that does not look values up costs more than a hard .3 of so small a model.
                if (text.length <= 32 || budget.routing() != Budget.Routing.HARD) {
                    some.add(text);
                    budgets.add(budget);
                }
            }
        }
        try (Backend backend = precision == Precision.F32
                        ? Backends.open(new BackendChoice(BackendChoice.Kind.VECTOR, precision), 1)
                        : TestModels.oneDnn(precision, 1);
                ModelFiles files = Models.open(folder);
                Encoder dense = Encoder.load(files, backend);
                Encoder encoder = shortPath(files, backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            float[][] together = sessions.encode(some, budgets, null);
            float[] full = null;
            for (int i = 0; i < some.size(); i++) {
                String what = some.get(i).length + " tokens, " + budgets.get(i);
                assertThat(sessions.encode(some.subList(i, i + 1), budgets.subList(i, i + 1), null)[0])
                        .as(what)
                        .isEqualTo(together[i]);
                // The first of each text.
                full = budgets.get(i).share() == 1 ? together[i] : full;
                if (budgets.get(i).share() == 1 && precision == Precision.F32) {
                    float[] wanted = encode(dense, backend, some.subList(i, i + 1), List.of(Budget.FULL))[0];
                    for (int column = 0; column < wanted.length; column++) {
                        assertThat(together[i][column]).as(what).isCloseTo(wanted[column], Offset.offset(1e-5f));
                    }
                } else if (budgets.get(i).share() <= .5 && budgets.get(i).unit() == Budget.Unit.FLOPS) {
                    // What half of the time leaves out, the machine's cost table says.
                    assertThat(together[i]).as(what).isNotEqualTo(full);
                }
            }
            if (precision == Precision.F32) {
                encoder.save(folder.resolve("saved"), files.tokenizer(), ModelWriter.Existing.KEEP);
                try (ModelFiles saved = Models.open(folder.resolve("saved"));
                        Encoder again = Encoder.load(saved, backend)) {
                    assertThat(encode(again, backend, some, budgets)).isEqualTo(together);
                }
            }
        }
    }

    private static float[][] encode(Encoder model, Backend backend, List<int[]> texts, List<Budget> budgets) {
        try (var sessions = new Sessions(model, backend, 256, 1)) {
            return sessions.encode(texts, budgets, null);
        }
    }

    /** Plans of models that read longer texts are not measured on these: 8,192 tokens, 63 times, would be most of a distillation. */
    @Test
    void whatIsLostIsMeasuredOnTextsOf512TokensAtMost() {
        assertThat(described(8_192).measuredLengths(8)).containsExactly(8, 16, 32, 64, 128, 256, 512);
        assertThat(described(300).measuredLengths(8)).containsExactly(8, 16, 32, 64, 128, 256, 300);
        assertThat(described(8).measuredLengths(8)).containsExactly(8);
    }

    private static TextDescription described(int tokens) {
        return new TextDescription(
                "m", BertFamily.BERT, TestModels.SMALL, tokens, Pooling.MEAN, true, "", "", Optional.empty());
    }

    /** Gate, table, narrow layers, plans, as `distill --adapt tokens` has them. */
    @ParameterizedTest
    @FieldSource("WIDER")
    void aModelIsDistilledSoThatItsTokensLeave(FamilyCase family) throws Exception {
        family.write(folder);
        List<int[]> texts = texts(IntStream.range(0, 60).map(i -> 5 + i % 29).toArray());
        // A step for the gate and three for the layers.
        var config = new DistillConfig(
                AdaptiveLayers.LEAVING, 0, 1, 3, 200, 3e-4, 2e-3, .8, 1, 0, .25, 4, false, Map.of(), 7);
        try (Backend backend = Backends.open(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32), 1);
                ModelFiles files = Models.open(folder)) {
            Path out = folder.resolve("out");
            new DistillRun(files, texts, config, out, ModelWriter.Existing.KEEP, 100, StoredType.F32)
                    .run(backend, new DistillRun.Listener() {});
            try (ModelFiles adaptive = Models.open(out);
                    Encoder encoder = Encoder.load(adaptive, backend);
                    Encoder dense = Encoder.load(files, backend)) {
                float[][] wanted = encode(dense, backend, texts, Collections.nCopies(texts.size(), Budget.FULL));
                float[][] full = encode(encoder, backend, texts, Collections.nCopies(texts.size(), Budget.FULL));
                float[][] half = encode(encoder, backend, texts, Collections.nCopies(texts.size(), Budget.flops(.5)));
                for (int i = 0; i < texts.size(); i++) {
                    for (int column = 0; column < wanted[i].length; column++) {
                        assertThat(full[i][column]).isCloseTo(wanted[i][column], Offset.offset(1e-5f));
                    }
                    assertThat(half[i]).isNotEqualTo(full[i]).doesNotContain(Float.NaN);
                }
            }
        }
    }
}
