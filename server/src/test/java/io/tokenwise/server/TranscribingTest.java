package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.WavReader;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.QueueOptions;
import io.tokenwise.serving.RequestQueue;
import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallMoonshine;
import io.tokenwise.testmodels.SmallWav2Vec2;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recordings whose cutter is the test's. */
class TranscribingTest {
    private static SpeechRecognizer recognizer;
    private static RequestQueue queue;
    private static ServedSpeech speech;

    @BeforeAll
    static void start(@TempDir Path folder) throws IOException {
        Path model = folder.resolve("speech");
        SmallMoonshine.write(model);
        recognizer = SpeechRecognizer.open(model.toString());
        queue = RequestQueue.start(QueueOptions.defaults());
        speech = new ServedSpeech("speech", recognizer, queue, BudgetDefaults.of(ServerOptions.Budgets.defaults()));
    }

    @AfterAll
    static void stop() {
        queue.close();
        recognizer.close();
    }

    /** As when the server is closed. */
    @Test
    void failsIfItCannotGoOn() throws Exception {
        var isClosed = new AtomicBoolean();
        Executor cutter = task -> {
            if (isClosed.getAndSet(true)) {
                throw new RejectedExecutionException("closed");
            }
            task.run();
        };
        WavReader wav = WavReader.open("file", new ByteArrayInputStream(NoiseWav.bursts(2)));
        var heard = Transcribing.start(
                new Recording(wav, wav::close), speech, BudgetRange.pinned(Budget.FULL), Deadline.NONE, cutter);

        assertThatThrownBy(() -> heard.get(1, TimeUnit.MINUTES)).hasCauseInstanceOf(RejectedExecutionException.class);
    }

    /** Letters of frames come from the queue as they do without it. */
    @Test
    void aModelWithCtcIsHeardSegmentBySegment(@TempDir Path folder) throws Exception {
        Path model = folder.resolve("letters");
        SmallWav2Vec2.write(model);
        byte[] sound = NoiseWav.bursts(2);
        try (SpeechRecognizer letters = SpeechRecognizer.open(model.toString());
                RequestQueue own = RequestQueue.start(QueueOptions.defaults());
                WavReader alone = WavReader.open("file", new ByteArrayInputStream(sound))) {
            var served = new ServedSpeech(
                    "letters", letters, own, BudgetDefaults.of(ServerOptions.Budgets.defaults()));
            WavReader wav = WavReader.open("file", new ByteArrayInputStream(sound));
            var heard = Transcribing.start(
                    new Recording(wav, wav::close),
                    served,
                    BudgetRange.pinned(Budget.FULL),
                    Deadline.NONE,
                    Runnable::run);
            var expected = letters.transcribe(alone, Budget.FULL);

            assertThat(heard.get(1, TimeUnit.MINUTES).transcript().segments())
                    .hasSize(2)
                    .isEqualTo(expected)
                    .allSatisfy(segment -> assertThat(segment.text()).matches("[a-m ]+"));
            assertThat(heard.get().frames()).hasSize(2).allMatch(frames -> frames > 50);
        }
    }

    @Test
    void soManyAreHeardAtOnceAndFurtherOnesAreRefused() throws Exception {
        var network = ServerOptions.Network.loopback(0);
        var limits = ServerOptions.Limits.defaults();
        HttpService http = HttpService.of(network, limits);
        BlockingQueue<Runnable> cuts = new LinkedBlockingQueue<>();
        var models = new ServedModels(List.of(new ServedModel.Speech("speech", speech)));
        var route = new TranscriptionsRoute(models, cuts::add);
        var routes = new Routes().add("POST", "/v1/audio/transcriptions", ErrorForm.OPENAI, route);
        http.listen(routes, limits, Optional.empty(), false, request -> {});
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            try {
                soManyAreHeardAtOnce(client, http.port(), cuts);
            } finally {
                // Before the client, which would wait for answers.
                http.close(Duration.ZERO);
            }
        }
    }

    private static void soManyAreHeardAtOnce(HttpClient client, int port, BlockingQueue<Runnable> cuts)
            throws Exception {
        List<CompletableFuture<HttpResponse<String>>> heard = new ArrayList<>();
        for (int i = 0; i < TranscriptionsRoute.MOST_AT_ONCE; i++) {
            heard.add(send(client, port));
        }
        while (cuts.size() < heard.size()) {
            Thread.sleep(5);
        }

        HttpResponse<String> refused = send(client, port).get(20, TimeUnit.SECONDS);
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("retry-after-ms")).contains("1000");
        cuts.forEach(Runnable::run);
        cuts.clear();
        for (CompletableFuture<HttpResponse<String>> one : heard) {
            assertThat(one.get(20, TimeUnit.SECONDS).statusCode())
                    .as("it is no sound")
                    .isEqualTo(400);
        }
        CompletableFuture<HttpResponse<String>> next = send(client, port);
        Runnable cut = cuts.poll(20, TimeUnit.SECONDS);
        assertThat(cut).as("there is room").isNotNull();
        cut.run();
        assertThat(next.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(400);
    }

    private static CompletableFuture<HttpResponse<String>> send(HttpClient client, int port) {
        String body = """
                --b\r
                Content-Disposition: form-data; name="model"\r
                \r
                speech\r
                --b\r
                Content-Disposition: form-data; name="file"; filename="f"\r
                \r
                no sound\r
                --b--\r
                """;
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + port + "/v1/audio/transcriptions"))
                .header("Content-Type", "multipart/form-data; boundary=b")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    }
}
