package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Spent;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.server.observe.ServedRequest.TraceContext;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.QueueOptions;
import io.tokenwise.serving.Request;
import io.tokenwise.serving.RequestQueue;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What text-embeddings-inference's endpoints answer that takes another model, or another heap, than {@link TeiTest} has. */
class TeiAnswersTest {
    @Test
    void twoClassesMayHaveOneLabel() {
        assertThat(TeiInfoRoute.labels(List.of("crane", "dog", "crane")))
                .containsEntry("id2label", Map.of("0", "crane", "1", "dog", "2", "crane"))
                .containsEntry("label2id", Map.of("crane", 2, "dog", 1));
    }

    /** A list of documents that says so must not float: its vectors are for an index. */
    @Test
    void promptsOfPassagesCountAsPassages() {
        assertThat(List.of("passage", "document", "corpus"))
                .allSatisfy(name -> assertThat(TeiTexts.kind(name)).contains("passage"));
        assertThat(TeiTexts.kind("query")).contains("query");
        assertThat(TeiTexts.kind("clustering")).isEmpty();
    }

    @Test
    void headersSayWhereTheTimeWent() {
        var observation = new Observation(Operation.EMBED, TraceContext.NONE, System.nanoTime());
        observation.asked("model", true, Duration.ofMillis(7));
        observation.answered(
                List.of(3, 5),
                List.of(
                        new Answer<>("", Budget.FULL, Spent.ALL, 1_000, 20_000),
                        new Answer<>("", Budget.FULL, Spent.ALL, 3_000, 40_000)));

        assertThat(headers(observation, "onednn (avx512)"))
                .containsEntry("x-compute-type", "cpu")
                .containsEntry("x-compute-tokens", "8")
                .containsEntry("x-compute-characters", "11")
                .containsEntry("x-tokenization-time", "7")
                .containsEntry("x-queue-time", "2")
                .containsEntry("x-inference-time", "30")
                .containsKeys("x-total-time", "x-compute-time");
        assertThat(headers(observation, "cuda (NVIDIA H100)")).containsEntry("x-compute-type", "gpu+optimized");
    }

    private static Map<String, String> headers(Observation observation, String backend) {
        return new TeiHeaders(observation, backend, 11).tell(Reply.json("")).headers();
    }

    @Test
    void largeAnswersAreBounded() throws Exception {
        var limits = ServerOptions.Limits.defaults();
        HttpService http = HttpService.of(ServerOptions.Network.loopback(0), limits);
        try (TextEncoder encoder = TextEncoder.open("minilm-acm");
                RequestQueue queue = RequestQueue.start(QueueOptions.defaults());
                HttpClient client = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .build()) {
            var text =
                    new ServedText("minilm-acm", encoder, queue, BudgetDefaults.of(ServerOptions.Budgets.defaults()));
            var models = new ServedModels(List.of(new ServedModel.Texts("minilm-acm", text)));
            var tokenize = new TeiTokenizeRoute(models, new LargeAnswers(1_000));
            var all = new TeiEmbedAllRoute(models, queue, new LargeAnswers(20_000));
            var routes = new Routes()
                    .add("POST", "/tokenize", ErrorForm.TEI, tokenize::tokenize)
                    .add("POST", "/embed_all", ErrorForm.TEI, all);
            http.listen(routes, limits, Optional.empty(), false, request -> {});

            for (String path : List.of("/tokenize", "/embed_all")) {
                assertThat(status(client, http.port(), path, "a text")).isEqualTo(200);
                assertThat(status(client, http.port(), path, "a ".repeat(20)))
                        .as("it never fits")
                        .isEqualTo(413);
                assertThat(status(client, http.port(), path, "a text"))
                        .as("what is sent takes no room")
                        .isEqualTo(200);
            }
        } finally {
            http.close(Duration.ZERO);
        }
    }

    /** As where clients do not take what they asked for. */
    @Test
    void whereOthersHoldTheRoomOneMayTryAgain() throws Exception {
        var gate = new CountDownLatch(1);
        var entered = new CountDownLatch(1);
        var limits = ServerOptions.Limits.defaults();
        HttpService http = HttpService.of(ServerOptions.Network.loopback(0), limits);
        try (TextEncoder encoder = TextEncoder.open("minilm-acm");
                RequestQueue queue = RequestQueue.start(QueueOptions.defaults().withWorkers(1));
                HttpClient client = HttpClient.newHttpClient()) {
            var text =
                    new ServedText("minilm-acm", encoder, queue, BudgetDefaults.of(ServerOptions.Budgets.defaults()));
            var models = new ServedModels(List.of(new ServedModel.Texts("minilm-acm", text)));
            var answers = new LargeAnswers(20_000);
            var all = new TeiEmbedAllRoute(models, queue, answers);
            http.listen(
                    new Routes().add("POST", "/embed_all", ErrorForm.TEI, all),
                    limits,
                    Optional.empty(),
                    false,
                    request -> {});
            Lane<String> held = queue.add(
                    new OtherResult<>(text.lane().model(), (inputs, budgets) -> {
                        entered.countDown();
                        ConnectionsTest.await(gate);
                        return List.of("held");
                    }),
                    text.lane());
            held.submit(new Request(new int[] {101, 102}, Deadline.NONE, BudgetRange.pinned(Budget.FULL)));
            ConnectionsTest.await(entered);
            try {
                var first = client.sendAsync(
                        request(http.port(), "/embed_all", "a text"), HttpResponse.BodyHandlers.discarding());
                while (queue.state().waitingRequests() == 0 && !first.isDone()) {
                    Thread.sleep(1);
                }
                assertThat(status(client, http.port(), "/embed_all", "a text")).isEqualTo(503);
                gate.countDown();
                assertThat(first.get().statusCode()).isEqualTo(200);
            } finally {
                gate.countDown();
            }
        } finally {
            http.close(Duration.ZERO);
        }
    }

    private static int status(HttpClient client, int port, String path, String text)
            throws IOException, InterruptedException {
        return client.send(request(port, path, text), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static HttpRequest request(int port, String path, String text) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"inputs\": \"" + text + "\"}"))
                .build();
    }
}
