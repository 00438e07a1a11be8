package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.WavReader;
import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallMoonshine;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.audio.transcription.AudioTranscriptionPrompt;
import org.springframework.ai.audio.transcription.TranscriptionModel;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.Resource;

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
            assertThat(transcriber.streamTranscribe(RECORDING).blockFirst()).isEqualTo(expected.getFirst());
        });
    }

    @Test
    void whatIsNoWavAndAnotherModelAreRefused() {
        context.withPropertyValues("tokenwise.speech.model=" + model).run(run -> {
            var transcriber = run.getBean(TranscriptionModel.class);
            var text = new ByteArrayResource("a text".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
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
        context.withPropertyValues("spring.ai.model.audio.transcription=tokenwise")
                .run(
                        run -> assertThat(run)
                                .getFailure()
                                .rootCause()
                                .hasMessage(
                                        "transcription by Tokenwise is asked for without a model; set tokenwise.speech.model to a folder with one"));
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
    }

    private static List<TimedText> expected(SpeechRecognizer recognizer) throws Exception {
        try (var wav = WavReader.open("noise", new ByteArrayInputStream(WAV))) {
            return recognizer.transcribe(wav, Budget.FULL);
        }
    }
}
