package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.WavReader;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import io.tokenwise.testdata.FetchedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moonshine against ONNX Runtime on the same weights in float32 and real speech: the encoder's frames, and the tokens of the text. */
class MoonshineOnnxRuntimeTest {
    private static final Logger LOG = LoggerFactory.getLogger(MoonshineOnnxRuntimeTest.class);
    private static final double TOLERANCE = 1e-3;
    private static final int THREADS = 2;

    /** A folder of other WAV files than those of pocketsphinx. */
    private static final String RECORDINGS = "tokenwise.recordings";

    @ParameterizedTest
    @ValueSource(strings = {"moonshine-tiny", "moonshine-base"})
    void framesAndTokensEqual(String name) throws IOException, OrtException {
        Path folder = fetched(name);
        List<Path> clips = clips();
        try (Backend backend = VectorBackend.open(THREADS);
                ModelFiles files = Models.open(folder);
                Encoder model = Encoder.load(files, backend);
                Workspace workspace = new Workspace(HostMemory::allocate, 1L << 30);
                OrtMoonshine peer = new OrtMoonshine(folder, true, THREADS)) {
            files.weights().close();
            var pass = new Pass(backend.stream(), workspace);
            double largest = 0;
            int tokens = 0;
            for (Path clip : clips) {
                float[] samples = samples(clip);
                var batch = new TokenBatch();
                model.add(batch, bits(samples));
                Tensor frames = model.tokens(pass.begin(Budget.FULL), batch);
                double difference = difference(frames, peer.frames(samples));
                assertThat(difference).as("%s, frames of %s", name, clip).isLessThan(TOLERANCE);
                largest = Math.max(largest, difference);
                int most = MoonshineArchitecture.mostTokens(samples.length);
                int[] text = model.decoder().writeAtMost(pass, frames, most);
                LOG.info(
                        "{}: {}",
                        clip.getFileName(),
                        files.speech().vocabulary().decode(text));
                assertThat(Arrays.stream(text).boxed().toList())
                        .as("%s, tokens of %s", name, clip)
                        .isEqualTo(peer.write(samples, most));
                tokens += text.length;
            }
            LOG.info(
                    "{}: {} clips, {} tokens equal, largest difference of frames {}",
                    name,
                    clips.size(),
                    tokens,
                    largest);
        }
    }

    private static Path fetched(String name) {
        return FetchedData.find(name)
                .orElseGet(() -> Assumptions.abort(
                        name + " is not in " + FetchedData.cache() + "; ./tokenwise fetch " + name + " brings it"));
    }

    private static List<Path> clips() throws IOException {
        String other = System.getProperty(RECORDINGS);
        Path folder = other == null ? fetched("pocketsphinx") : Path.of(other);
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> clips = files.filter(file -> file.toString().endsWith(".wav"))
                    .sorted()
                    .toList();
            assertThat(clips).as("WAV files in %s", folder).isNotEmpty();
            return clips;
        }
    }

    private static float[] samples(Path wav) throws IOException {
        try (WavReader reader = WavReader.open(wav)) {
            Sound sound = Resampler.to16kHz(reader);
            var samples = new float[MoonshineArchitecture.SOUND.mostSamples()];
            int length = 0;
            for (int read = 0; read >= 0 && length < samples.length; length += Math.max(0, read)) {
                read = sound.read(samples, length, samples.length - length);
            }
            return Arrays.copyOf(samples, length);
        }
    }

    private static int[] bits(float[] samples) {
        var bits = new int[samples.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(samples[i]));
        return bits;
    }

    private static double difference(Tensor ours, float[][] peer) {
        assertThat(ours.rows()).isEqualTo(peer.length);
        double largest = 0;
        for (int row = 0; row < peer.length; row++) {
            for (int column = 0; column < peer[row].length; column++) {
                assertThat(ours.host().get(row, column)).isFinite();
                largest = Math.max(largest, Math.abs(ours.host().get(row, column) - peer[row][column]));
            }
        }
        return largest;
    }
}
