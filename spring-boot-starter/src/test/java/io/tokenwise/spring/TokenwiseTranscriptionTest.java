package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.WavReader;
import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallMoonshine;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Subscription;
import org.springframework.ai.audio.transcription.AudioTranscriptionPrompt;
import org.springframework.ai.audio.transcription.TranscriptionModel;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.InputStreamResource;
import org.springframework.core.io.Resource;
import reactor.core.publisher.BaseSubscriber;

class TokenwiseTranscriptionTest {
    private static final byte[] WAV = NoiseWav.bursts(3);
    private static final Resource RECORDING = new ByteArrayResource(WAV);

    private static String model;

    private final ApplicationContextRunner context = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(TokenwiseTranscriptionAutoConfiguration.class))
            .withPropertyValues("tokenwise.threads=1");

    @BeforeAll
    static void write(@TempDir Path folder) throws Exception {
        Path written = folder.resolve("moonshine");
        SmallMoonshine.write(written);
        model = written.toString();
    }

    @Test
    void textAndSegmentsAreTheLibrarys() {
        context.withPropertyValues("tokenwise.speech.model=" + model).run(run -> {
            assertThat(run).hasSingleBean(TranscriptionModel.class).doesNotHaveBean(EmbeddingModel.class);
            var transcriber = run.getBean(TranscriptionModel.class);
            List<TimedText> expected = expected(run.getBean(SpeechRecognizer.class));
            assertThat(expected).hasSizeGreaterThan(1);
            var response = transcriber.call(new AudioTranscriptionPrompt(RECORDING));
            assertThat(response.getResult().getOutput())
                    .isEqualTo(expected.stream().map(TimedText::text).collect(Collectors.joining(" ")))
                    .isEqualTo(transcriber.transcribe(RECORDING));
            List<TimedText> segments = response.getMetadata().get(TokenwiseTranscriptionModel.SEGMENTS);
            assertThat(segments).isEqualTo(expected);
        });
    }

    @Test
    void aStreamTellsSegmentBySegmentAndStopsWhenNobodyListens() {
        context.withPropertyValues("tokenwise.speech.model=" + model).run(run -> {
            var transcriber = run.getBean(TranscriptionModel.class);
            List<String> expected = expected(run.getBean(SpeechRecognizer.class)).stream()
                    .map(TimedText::text)
                    .toList();
            assertThat(transcriber.streamTranscribe(RECORDING).collectList().block())
                    .isEqualTo(expected);
            var endless = new Endless();
            assertThat(transcriber
                            .streamTranscribe(new InputStreamResource(endless))
                            .blockFirst())
                    .isEqualTo(expected.getFirst());
            assertThat(endless.closed.await(1, TimeUnit.MINUTES)).isTrue();
        });
    }

    /** As Spring MVC does for what it streams: from another thread, once the one before is sent. */
    @Test
    void whoAsksForOneSegmentAfterTheOtherIsTold() {
        context.withPropertyValues("tokenwise.speech.model=" + model).run(run -> {
            var endless = new Endless();
            var told = new LinkedBlockingQueue<String>();
            var subscriber = new BaseSubscriber<String>() {
                @Override
                protected void hookOnSubscribe(Subscription subscription) {
                    subscription.request(1);
                }

                @Override
                protected void hookOnNext(String segment) {
                    told.add(segment);
                }
            };
            run.getBean(TranscriptionModel.class)
                    .streamTranscribe(new InputStreamResource(endless))
                    .subscribe(subscriber);
            for (int i = 0; i < 3; i++) {
                assertThat(told.poll(1, TimeUnit.MINUTES)).as("segment %d", i).isNotNull();
                subscriber.request(1);
            }
            subscriber.cancel();
            assertThat(endless.closed.await(1, TimeUnit.MINUTES)).isTrue();
        });
    }

    /** The recording again and again, its length unknown. */
    private static final class Endless extends InputStream {
        private static final int HEADER_BYTES = 44;

        private final CountDownLatch closed = new CountDownLatch(1);
        private int next;

        @Override
        public int read() {
            int at = next;
            next = at + 1 < WAV.length ? at + 1 : HEADER_BYTES;
            // Where the header says how many bytes follow.
            return at >= 4 && at < 8 || at >= 40 && at < HEADER_BYTES ? 0xFF : WAV[at] & 0xFF;
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    @Test
    void aSegmentWithoutWordsAddsNothingToTheText() {
        var segments = Stream.of("It rains.", "", "It pours.")
                .map(text -> new TimedText(0, 1, text, 3))
                .toList();
        var response = TokenwiseTranscriptionModel.response(segments);
        assertThat(response.getResult().getOutput()).isEqualTo("It rains. It pours.");
        List<TimedText> told = response.getMetadata().get(TokenwiseTranscriptionModel.SEGMENTS);
        assertThat(told).isEqualTo(segments);
    }

    @Test
    void warmingUpIsARunnerOfTheApplicationIfItIsAskedFor() {
        var speech = context.withPropertyValues("tokenwise.speech.model=" + model);
        speech.run(run -> assertThat(run).doesNotHaveBean(ApplicationRunner.class));
        speech.withPropertyValues("tokenwise.warm-up=true").run(run -> {
            // Which takes seconds, unless it fails at once.
            run.getBean(SpeechRecognizer.class).close();
            assertThatIllegalStateException()
                    .isThrownBy(() -> run.getBean(ApplicationRunner.class).run(null));
        });
    }

    @Test
    void whatIsNoWavAndAnotherModelAreRefused() {
        context.withPropertyValues("tokenwise.speech.model=" + model).run(run -> {
            var transcriber = run.getBean(TranscriptionModel.class);
            var text = new ByteArrayResource("a text".getBytes(StandardCharsets.US_ASCII));
            assertThatExceptionOfType(BadFileException.class)
                    .isThrownBy(() -> transcriber.transcribe(text))
                    .withMessageStartingWith("recording: ");
            assertThatExceptionOfType(BadFileException.class)
                    .isThrownBy(() -> transcriber.streamTranscribe(text).blockLast());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> transcriber.transcribe(
                            RECORDING, new TokenwiseTranscriptionOptions("whisper-1", Budget.FULL)))
                    .withMessageStartingWith("model whisper-1 is asked for, tokenwise.speech.model is ");
        });
    }

    @Test
    void withoutAModelThereIsNoneUnlessItIsAskedFor() {
        context.run(run -> assertThat(run).hasNotFailed().doesNotHaveBean(TranscriptionModel.class));
        String message =
                "transcription by Tokenwise is asked for without a model; set tokenwise.speech.model to a folder with one";
        context.withPropertyValues("spring.ai.model.audio.transcription=tokenwise")
                .run(run -> assertThat(run).getFailure().rootCause().hasMessage(message));
        context.withPropertyValues("tokenwise.speech.model=")
                .run(run -> assertThat(run).getFailure().rootCause().hasMessage(message));
    }

    @Test
    void besideAnotherItStaysAwayUnlessItIsAskedFor() {
        TranscriptionModel other = prompt -> {
            throw new UnsupportedOperationException("never asked");
        };
        var both = context.withBean("other", TranscriptionModel.class, () -> other)
                .withPropertyValues("tokenwise.speech.model=" + model);
        both.run(run -> assertThat(run).hasSingleBean(TranscriptionModel.class));
        both.withPropertyValues("spring.ai.model.audio.transcription=tokenwise")
                .run(run -> assertThat(run).hasSingleBean(TokenwiseTranscriptionModel.class));
        context.withPropertyValues("tokenwise.speech.model=" + model, "spring.ai.model.audio.transcription=openai")
                .run(run -> assertThat(run).hasNotFailed().doesNotHaveBean(TranscriptionModel.class));
    }

    private static List<TimedText> expected(SpeechRecognizer recognizer) throws Exception {
        try (var wav = WavReader.open("noise", new ByteArrayInputStream(WAV))) {
            return recognizer.transcribe(wav, Budget.FULL);
        }
    }
}
