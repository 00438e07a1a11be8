package io.tokenwise.backend.cuda;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** A model, dense and adaptive, for what is run hundreds of times on the simulated device; of one layer unless more is asked for. */
final class TinyModels {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    static final String DENSE = "dense";
    static final String ADAPTIVE = "adaptive";

    /** The first of MiniLM's, with [CLS] and [SEP]: all of them would be most of what is written, read and copied to the device. */
    static final int VOCABULARY = 200;

    static final Budget HALF = Budget.flops(0.5);

    static final List<int[]> TEXTS = texts(3, 9, 1, 17);

    /** The least whose products are narrowed. */
    private static final BertArchitecture SIZES = new BertArchitecture(32, 1, 2, 64, VOCABULARY, 40, 2, 1e-12);

    private final Path folder;

    private TinyModels(Path folder) {
        this.folder = folder;
    }

    static TinyModels write(Path folder) throws IOException {
        return write(folder, SIZES, 2, TEXTS);
    }

    /** Of other sizes, cut by what it does on those texts. */
    static TinyModels write(Path folder, BertArchitecture sizes, int learners, List<int[]> texts) throws IOException {
        TestModels.write(folder.resolve(DENSE), sizes);
        shortenVocabulary(folder.resolve(DENSE).resolve("tokenizer.json"));
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder.resolve(DENSE));
                Encoder encoder = Encoder.load(files, backend)) {
            TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", learners), texts);
            TestModels.randomizeGates(encoder, 0.3);
            encoder.save(folder.resolve(ADAPTIVE), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
        return new TinyModels(folder);
    }

    /** Those that were written there. */
    static TinyModels in(Path folder) {
        return new TinyModels(folder);
    }

    private static void shortenVocabulary(Path file) throws IOException {
        var json = (ObjectNode) MAPPER.readTree(Files.readAllBytes(file));
        var vocabulary = (ObjectNode) json.get("model").get("vocab");
        vocabulary.removeIf(id -> id.asInt() >= VOCABULARY);
        Files.write(file, MAPPER.writeValueAsBytes(json));
    }

    /** Random token ids of the given lengths. */
    static List<int[]> texts(int... lengths) {
        var random = new SplittableRandom(13);
        return Arrays.stream(lengths)
                .mapToObj(length -> random.ints(length, 0, VOCABULARY).toArray())
                .toList();
    }

    ModelFiles files(String name) throws IOException {
        return Models.open(folder.resolve(name));
    }

    Encoder load(String name, Backend backend) throws IOException {
        try (ModelFiles files = files(name)) {
            return Encoder.load(files, backend);
        }
    }

    static CudaBackend device(Precision precision) {
        try {
            return CudaBackend.open(precision);
        } catch (CudaUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    static float[][] encode(Encoder encoder) {
        return encode(encoder, HALF);
    }

    static float[][] encode(Encoder encoder, Budget budget) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 256, 1)) {
            return sessions.encode(TEXTS, budget, null);
        }
    }
}
