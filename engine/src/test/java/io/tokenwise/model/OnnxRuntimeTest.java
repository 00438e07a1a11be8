package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.tokenwise.TestModels;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.session.Sessions;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whole dense models against ONNX Runtime on the same weights and real text: each text alone, and all in ragged batches. */
class OnnxRuntimeTest {
    private static final Logger LOG = LoggerFactory.getLogger(OnnxRuntimeTest.class);
    private static final double TOLERANCE = 2e-5;
    private static final int THREADS = 2;

    /** Of MiniLM 1,000 texts, and 60 of the larger ones: {@code ./tokenwise test engine -Dtest=OnnxRuntimeTest -Dtokenwise.long=true}. */
    private static final boolean LONG = Boolean.getBoolean("tokenwise.long");

    @Test
    void miniLm() throws IOException, OrtException {
        assertEqual("minilm", "all-minilm-l6-v2.onnx", LONG ? 256 : 32, LONG ? 1000 : 100);
    }

    @Test
    void bgeSmall() throws IOException, OrtException {
        assertEqual("bge-small", "bge-small-en-v1.5.onnx", LONG ? 20 : 5, LONG ? 60 : 17);
    }

    @Test
    void e5Small() throws IOException, OrtException {
        assertEqual("e5-small", "e5-small-v2.onnx", LONG ? 20 : 5, LONG ? 60 : 17);
    }

    /** {@code lengths} texts of 1, 2, .. tokens up to the model's most, and sentences as they are until there are {@code count} texts. */
    private static void assertEqual(String name, String resource, int lengths, int count)
            throws IOException, OrtException {
        try (Backend backend = VectorBackend.open(THREADS);
                ModelFiles files = TestModels.files(name);
                Encoder encoder = Encoder.load(files, backend);
                Sessions sessions = new Sessions(encoder, backend, 1024, 1);
                OrtEnvironment environment = OrtEnvironment.getEnvironment();
                OrtSession.SessionOptions options = options();
                OrtSession peer = environment.createSession(bytes(resource), options)) {
            files.weights().close();
            List<int[]> texts = texts(files.tokenizer(), files.description().maxTokens(), lengths, count);
            assertThat(texts).hasSize(count);
            assertThat(texts.getFirst()).hasSize(1);
            assertThat(texts.stream().mapToInt(ids -> ids.length).max())
                    .hasValue(files.description().maxTokens());
            float[][] together = sessions.encode(texts, Budget.FULL, null);
            double largest = 0;
            for (int i = 0; i < count; i++) {
                float[] alone = sessions.encode(List.of(texts.get(i)), Budget.FULL, null)[0];
                assertThat(Arrays.mismatch(together[i], alone))
                        .as("%s, text %d alone and in a batch: first value that differs", name, i)
                        .isEqualTo(-1);
                double difference = difference(alone, vector(environment, peer, files.text(), texts.get(i)));
                assertThat(difference)
                        .as("%s, text %d of %d tokens", name, i, texts.get(i).length)
                        .isLessThanOrEqualTo(TOLERANCE);
                largest = Math.max(largest, difference);
            }
            LOG.info("{}: {} texts, largest difference to ONNX Runtime {}", name, count, largest);
        }
    }

    private static OrtSession.SessionOptions options() throws OrtException {
        var options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(THREADS);
        options.setInterOpNumThreads(1);
        // Its threads would go on using the cores while ours run.
        options.addConfigEntry("session.intra_op.allow_spinning", "0");
        return options;
    }

    private static byte[] bytes(String resource) throws IOException {
        try (InputStream in = OnnxRuntimeTest.class.getClassLoader().getResourceAsStream(resource)) {
            return in.readAllBytes();
        }
    }

    /** What the model's own post-processing makes of ONNX Runtime's token vectors, in double. */
    private static double[] vector(OrtEnvironment environment, OrtSession peer, TextDescription description, int[] ids)
            throws OrtException {
        long[][] tokens = {Arrays.stream(ids).asLongStream().toArray()};
        var mask = new long[1][ids.length];
        Arrays.fill(mask[0], 1);
        try (OnnxTensor input = OnnxTensor.createTensor(environment, tokens);
                OnnxTensor attention = OnnxTensor.createTensor(environment, mask);
                OnnxTensor types = OnnxTensor.createTensor(environment, new long[1][ids.length]);
                OrtSession.Result result =
                        peer.run(Map.of("input_ids", input, "attention_mask", attention, "token_type_ids", types))) {
            float[][] y = ((float[][][]) result.get(0).getValue())[0];
            int pooled = description.pooling().orElseThrow() == Pooling.MEAN ? y.length : 1;
            var vector = new double[y[0].length];
            for (int token = 0; token < pooled; token++) {
                for (int i = 0; i < vector.length; i++) {
                    vector[i] += y[token][i] / pooled;
                }
            }
            double norm = Math.sqrt(Arrays.stream(vector).map(v -> v * v).sum());
            return Arrays.stream(vector).map(v -> v / norm).toArray();
        }
    }

    private static double difference(float[] ours, double[] peer) {
        assertThat(ours).hasSameSizeAs(peer);
        double largest = 0;
        for (int i = 0; i < peer.length; i++) {
            largest = Math.max(largest, Math.abs(ours[i] - peer[i]));
            assertThat(ours[i]).isFinite();
        }
        return largest;
    }

    private static List<int[]> texts(Tokenizer tokenizer, int longest, int lengths, int count) throws IOException {
        WordNet wordNet = WordNet.load();
        Iterator<String> glosses = wordNet.glosses().iterator();
        var texts = new ArrayList<int[]>();
        for (int i = 0; i < lengths; i++) {
            texts.add(ofLength(1 + i * (longest - 1) / (lengths - 1), tokenizer, glosses));
        }
        Iterator<String> examples = wordNet.examples().iterator();
        while (texts.size() < count) {
            texts.add(tokenizer.encode(examples.next()).ids());
        }
        return texts;
    }

    /** Glosses one after the other, cut to a length; the last token is [SEP] again, unless there is only one. */
    private static int[] ofLength(int tokens, Tokenizer tokenizer, Iterator<String> glosses) {
        var text = new StringBuilder(glosses.next());
        int[] ids = tokenizer.encode(text.toString()).ids();
        while (ids.length < tokens) {
            text.append("; ").append(glosses.next());
            ids = tokenizer.encode(text.toString()).ids();
        }
        int[] cut = Arrays.copyOf(ids, tokens);
        if (tokens > 1) {
            cut[tokens - 1] = ids[ids.length - 1];
        }
        return cut;
    }
}
