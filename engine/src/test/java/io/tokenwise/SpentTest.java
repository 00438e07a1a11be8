package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What embeddings say that they cost. */
class SpentTest {
    private static final String TEXT = "how do I pay an invoice that came by mail twice and was wrong both times?";

    @TempDir
    Path folder;

    private Path model(boolean tokensLeave) throws Exception {
        Path dense = folder.resolve("dense");
        TestModels.write(dense, TestModels.WIDER);
        Path out = folder.resolve("adaptive");
        try (ModelFiles files = Models.open(dense);
                Backend backend = VectorBackend.open(1);
                Encoder model = tokensLeave ? TestModels.shortPath(files, backend) : Encoder.load(files, backend)) {
            if (!tokensLeave) {
                TestModels.acmize(model, AdaptiveLayers.mlps(4), TestModels.sequences(9, 12));
            }
            model.save(out, files.tokenizer(), ModelWriter.Existing.KEEP);
        }
        return out;
    }

    @Test
    void bothSharesAreSaidWhereTokensLeave() throws Exception {
        try (TextEncoder encoder = TextEncoder.open(model(true).toString())) {
            assertThat(encoder.embed(TEXT).spent()).isEqualTo(Spent.ALL);
            Spent inFlops = encoder.embed(TEXT, Budget.hard(0.6)).spent();
            assertThat(inFlops.flops()).isBetween(0.4, 0.6);
        }
    }

    /** The guide tells these numbers. */
    @Test
    void fewTokensCostMoreThanASmallBudget() throws Exception {
        try (TextEncoder encoder = TextEncoder.open("minilm-acm")) {
            for (var least :
                    Map.of("cat", 0.5, "a cat", 0.375, "the cat sat", 0.3).entrySet()) {
                String text = least.getKey();
                assertThat(encoder.embed(text, Budget.flops(0.2)).spent().flops())
                        .isGreaterThanOrEqualTo(least.getValue());
                assertThatThrownBy(() -> encoder.embed(List.of("a longer text than that one", text), Budget.hard(0.29)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("text 2 of 2: a hard budget of 0.29 does not reach")
                        .hasMessageContaining(String.format(Locale.ROOT, "must be %.3f or more", least.getValue()));
            }
        }
    }

    /** Of long texts in parts too; a single one needs no name. */
    @Test
    void theTextThatAHardBudgetDoesNotReachForIsNamed() throws Exception {
        try (TextEncoder encoder = TextEncoder.open("minilm-acm")) {
            List<String> texts = List.of("a longer text than that one", "many words ".repeat(400), "two words", "cat");
            EmbedRequest request = EmbedRequest.of(texts).withBudget(Budget.hard(0.36));
            for (LongTexts longTexts : LongTexts.values()) {
                assertThatThrownBy(() -> encoder.embed(request.withLongTexts(longTexts)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("text 3 of 4: a hard budget of 0.36 does not reach");
            }
            assertThatThrownBy(() -> encoder.embed("cat", Budget.hard(0.36)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("a hard budget of 0.36 does not reach");
        }
    }

    @Test
    void aBudgetInTimeIsKeptAsPredicted() throws Exception {
        try (ModelFiles files = TestModels.files("minilm");
                Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(files, backend)) {
            for (int tokens : new int[] {16, 32, 64, 200}) {
                double before = 0;
                for (double share : new double[] {0.35, 0.5, 0.7, 0.85}) {
                    ShortPlans plans = model.leaving().orElseThrow().plans();
                    ShortPlan plan = plans.plan(tokens, Budget.of(share));
                    var spent = new Spent(plans.timeShare(tokens, plan), plans.flopsShare(tokens, plan));
                    assertThat(spent.time())
                            .as(tokens + " tokens at " + share)
                            .isBetween(
                                    share / 2,
                                    // Of a short text it is what its words are worth; these are means.
                                    tokens <= StayGate.TABLE_TOKENS ? 1.2 * share : share);
                    assertThat(spent.flops()).isGreaterThan(0);
                    assertThat(spent.time())
                            .as("no less than at a lower budget")
                            .isGreaterThanOrEqualTo(before);
                    before = spent.time();
                }
            }
        }
    }

    @Test
    void whatGatesDecideWhileTheyRunIsNotKnown() throws Exception {
        try (TextEncoder encoder = TextEncoder.open(model(false).toString())) {
            assertThat(encoder.embed(TEXT).spent()).isEqualTo(Spent.ALL);
            assertThat(encoder.embed(TEXT, Budget.flops(0.6)).spent().flops()).isNaN();
        }
    }

    @Test
    void aBudgetInTimeIsRefusedWhereNoTokensLeave() throws Exception {
        try (TextEncoder encoder = TextEncoder.open(model(false).toString())) {
            assertThatThrownBy(() -> encoder.embed(TEXT, Budget.of(0.6)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("made without a short path")
                    .hasMessageContaining("--flops");
        }
    }
}
