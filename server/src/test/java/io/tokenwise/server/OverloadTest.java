package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Engine;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.server.ServerOptions.Budgets;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.QueueOptions;
import io.tokenwise.serving.Request;
import io.tokenwise.serving.RequestQueue;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What clients are told while the queue is full: it holds one input that runs, and one that waits. */
class OverloadTest {
    private static final String TEXT = "{\"model\":\"minilm-acm\",\"inputs\":\"a\",\"input\":\"a\"}";
    private static final String PAIR = "{\"inputs\":{\"source_sentence\":\"a\",\"sentences\":[\"b\"]}}";

    @Test
    void whoComesWhileTheQueueIsFullIsToldWhenToComeBack() throws Exception {
        var gate = new CountDownLatch(1);
        var entered = new CountDownLatch(1);
        HttpService http = HttpService.of(Network.loopback(0), Limits.defaults());
        try (Engine engine = Engine.open(EngineOptions.defaults().withThreads(1).withConcurrentCalls(1));
                RequestQueue queue = RequestQueue.start(
                        QueueOptions.defaults().withWorkers(1).withWaiting(2, 1 << 20))) {
            var text = new ServedText(
                    "minilm-acm", engine.textEncoder("minilm-acm"), queue, BudgetDefaults.of(Budgets.defaults()));
            listen(http, text, queue);
            assertThat(ask(http, "/embed", TEXT)).startsWith("HTTP/1.1 200");
            Lane<String> held = queue.add(
                    new OtherResult<>(text.lane().model(), (inputs, budgets) -> {
                        entered.countDown();
                        ConnectionsTest.await(gate);
                        return inputs.stream().map(input -> "held").toList();
                    }),
                    text.lane());
            var request = new Request(new int[] {101, 102}, Deadline.NONE, BudgetRange.pinned(Budget.FULL));
            var runs = held.submit(request);
            ConnectionsTest.await(entered);
            var wait = held.submitAll(List.of(request, request));

            try {
                checkRefusals(http);
            } finally {
                // What is held would keep the queue from closing.
                gate.countDown();
            }
            assertThat(Together.all(wait).get()).extracting(Answer::result).containsOnly("held");
            assertThat(runs.get().result()).isEqualTo("held");
            assertThat(ask(http, "/embed", TEXT)).startsWith("HTTP/1.1 200");
        } finally {
            http.close(Duration.ZERO);
        }
    }

    private static void checkRefusals(HttpService http) throws IOException {
        for (var path : Map.of(
                        "/embed", TEXT, "/embed_all", TEXT, "/similarity", PAIR, "/", TEXT, "/v1/embeddings", TEXT)
                .entrySet()) {
            String response = ask(http, path.getKey(), path.getValue());
            assertThat(response)
                    .as(path.getKey())
                    .startsWith("HTTP/1.1 429")
                    .containsPattern("(?i)retry-after-ms: [1-9]")
                    .containsPattern("(?i)retry-after: [1-9]")
                    .contains(path.getKey().startsWith("/v1") ? "rate_limit_error" : "\"Overloaded\"");
        }
    }

    private static void listen(HttpService http, ServedText text, RequestQueue queue) throws IOException {
        var models = new ServedModels(List.of(new ServedModel.Texts("minilm-acm", text)));
        var routes = new Routes()
                .add("POST", "/v1/embeddings", ErrorForm.OPENAI, new EmbeddingsRoute(models, Limits.defaults()));
        TeiRoutes.add(routes, models, queue, http.state(), new ImageDecoding());
        http.listen(routes, Limits.defaults(), Optional.empty(), false, request -> {});
    }

    private static String ask(HttpService http, String path, String body) throws IOException {
        try (var client = new RawClient(http.port())) {
            return client.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                    .response();
        }
    }
}
