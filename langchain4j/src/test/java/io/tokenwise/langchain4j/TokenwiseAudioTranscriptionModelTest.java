package io.tokenwise.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.audio.AudioTranscriptionRequest;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.testmodels.SmallMoonshine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Base64;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenwiseAudioTranscriptionModelTest {
    @TempDir
    static Path folder;

    private static SpeechRecognizer recognizer;
    private static TokenwiseAudioTranscriptionModel model;
    private static byte[] wav;
    private static float[] samples;

    @BeforeAll
    static void open() throws IOException {
        SmallMoonshine.write(folder.resolve("small"));
        recognizer = SpeechRecognizer.open(folder.resolve("small").toString());
        model = new TokenwiseAudioTranscriptionModel(recognizer);
        var random = new SplittableRandom(1);
        samples = new float[24_000];
        var shorts = ByteBuffer.allocate(2 * samples.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < samples.length; i++) {
            short sample = (short) random.nextInt(-10_000, 10_000);
            shorts.putShort(sample);
            samples[i] = sample / 32_768f;
        }
        var format = new AudioFormat(16_000, 16, 1, true, false);
        var out = new ByteArrayOutputStream();
        try (var sound = new AudioInputStream(new ByteArrayInputStream(shorts.array()), format, samples.length)) {
            AudioSystem.write(sound, AudioFileFormat.Type.WAVE, out);
        }
        wav = out.toByteArray();
    }

    @AfterAll
    static void close() {
        recognizer.close();
    }

    @Test
    void whatTheRecognizerHearsIsSaid() {
        String heard =
                recognizer.transcribe(samples).stream().map(TimedText::text).collect(Collectors.joining(" "));
        assertThat(heard).isNotBlank();
        assertThat(model.transcribeToText(Audio.builder().binaryData(wav).build()))
                .isEqualTo(heard);
        String base64 = Base64.getEncoder().encodeToString(wav);
        assertThat(model.transcribeToText(
                        Audio.builder().base64Data(base64).mimeType("audio/wav").build()))
                .isEqualTo(heard);
    }

    @Test
    void audioThatIsNoneIsAnInvalidRequest() {
        assertInvalid(Audio.builder().binaryData(new byte[] {1, 2, 3}).build(), "audio: ");
        assertInvalid(Audio.builder().base64Data("?").build(), "audio: is not base64");
        assertInvalid(
                Audio.builder().url("https://localhost/a.wav").build(),
                "audio: has a URL only, which is not fetched; give its bytes or base64");
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
        var english = request().language("en-GB").temperature(0.0).prompt("").build();
        assertThat(model.transcribe(english).text()).isNotBlank();
    }

    private static AudioTranscriptionRequest.Builder request() {
        return AudioTranscriptionRequest.builder(Audio.builder().binaryData(wav).build());
    }

    private static void assertUnsupported(AudioTranscriptionRequest.Builder request, String message) {
        assertThatThrownBy(() -> model.transcribe(request.build()))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessage(message);
    }
}
