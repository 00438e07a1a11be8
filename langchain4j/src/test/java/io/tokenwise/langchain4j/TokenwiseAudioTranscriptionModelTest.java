package io.tokenwise.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.audio.AudioTranscriptionRequest;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.WavReader;
import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallMoonshine;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenwiseAudioTranscriptionModelTest {
    private static final byte[] WAV = NoiseWav.bursts(3);

    @TempDir
    static Path folder;

    private static SpeechRecognizer recognizer;
    private static TokenwiseAudioTranscriptionModel model;

    @BeforeAll
    static void open() throws IOException {
        SmallMoonshine.write(folder.resolve("small"));
        recognizer = SpeechRecognizer.open(folder.resolve("small").toString());
        model = new TokenwiseAudioTranscriptionModel(recognizer);
    }

    @AfterAll
    static void close() {
        recognizer.close();
    }

    @Test
    void whatTheRecognizerHearsIsSaid() throws IOException {
        List<TimedText> segments;
        try (var sound = WavReader.open("noise", new ByteArrayInputStream(WAV))) {
            segments = recognizer.transcribe(sound, Budget.FULL);
        }
        assertThat(segments).hasSizeGreaterThan(1);
        String heard = TokenwiseAudioTranscriptionModel.text(segments);
        assertThat(model.transcribeToText(Audio.builder().binaryData(WAV).build()))
                .isEqualTo(heard);
        String base64 = Base64.getEncoder().encodeToString(WAV);
        assertThat(model.transcribeToText(
                        Audio.builder().base64Data(base64).mimeType("audio/wav").build()))
                .isEqualTo(heard);
    }

    @Test
    void aSegmentWithoutWordsAddsNothing() {
        var segments = Stream.of("It rains.", "", "It pours.")
                .map(text -> new TimedText(0, 1, text, 3))
                .toList();
        assertThat(TokenwiseAudioTranscriptionModel.text(segments)).isEqualTo("It rains. It pours.");
    }

    @Test
    void audioThatIsNoneIsAnInvalidRequest() {
        assertInvalid(Audio.builder().binaryData(new byte[] {1, 2, 3}).build(), "audio: ");
        assertInvalid(Audio.builder().base64Data("?").build(), "audio: is not base64");
        String neither = "audio: has neither bytes nor base64; give one, a URL is not fetched";
        assertInvalid(Audio.builder().url("https://localhost/a.wav").build(), neither);
        assertInvalid(Audio.builder().build(), neither);
    }

    private static void assertInvalid(Audio audio, String message) {
        assertThatThrownBy(() -> model.transcribeToText(audio))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void whatTheModelDoesNotKnowIsRefused() {
        assertUnsupported(request().prompt("A talk about invoices."), "prompt: the model takes none; leave it out");
        assertUnsupported(
                request().temperature(0.5), "temperature: 0.5, the model writes what is likeliest; leave it out");
        assertUnsupported(request().language("de"), "language: de, the model knows English (en) only");
        for (String english : List.of("en-GB", "English", "")) {
            var request =
                    request().language(english).temperature(0.0).prompt("").build();
            assertThat(model.transcribe(request).text()).isNotBlank();
        }
    }

    private static AudioTranscriptionRequest.Builder request() {
        return AudioTranscriptionRequest.builder(Audio.builder().binaryData(WAV).build());
    }

    private static void assertUnsupported(AudioTranscriptionRequest.Builder request, String message) {
        assertThatThrownBy(() -> model.transcribe(request.build()))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessage(message);
    }
}
