package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServedEncoderTest {
    @Test
    void vectorsAreThoseOfTheLibraryBitForBit() throws Exception {
        var options = EngineOptions.defaults().withThreads(1).withConcurrentCalls(2);
        try (var encoder = TextEncoder.open("minilm-acm", options);
                var queue = RequestQueue.start(QueueOptions.defaults().withWorkers(2))) {
            var lane = queue.add(new ServedEncoder("minilm-acm", encoder.model()));
            var texts = List.of("The cat sat on the mat.", "Invoices are paid by bank transfer within thirty days.");
            var budget = Budget.of(0.7);
            var requests = texts.stream()
                    .map(text -> new Request(
                            encoder.model().files().tokenizer().encode(text).ids(),
                            Deadline.NONE,
                            BudgetRange.pinned(budget)))
                    .toList();
            var answers = lane.submitAll(requests);
            var expected = encoder.embed(texts, budget);

            for (int i = 0; i < texts.size(); i++) {
                var answer = answers.get(i).join();
                assertThat(answer.result()).containsExactly(expected.get(i).vector());
                assertThat(answer.budget()).isEqualTo(budget);
                assertThat(answer.spent()).isEqualTo(expected.get(i).spent());
            }
            new ServedEncoder("minilm-acm", encoder.model()).giveBackMemory();
            assertThat(encoder.model().sessions().workspaceBytes()).isZero();
            assertThat(encoder.embed(texts, budget).getLast().vector())
                    .containsExactly(expected.getLast().vector());
            assertThatThrownBy(() ->
                            lane.submit(new Request(new int[513], Deadline.NONE, BudgetRange.pinned(Budget.FULL))))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
