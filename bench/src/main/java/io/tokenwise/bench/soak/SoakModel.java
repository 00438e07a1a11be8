package io.tokenwise.bench.soak;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.testmodels.SmallMoonshine;
import io.tokenwise.testmodels.SmallWav2Vec2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A model that is opened.
 *
 * @param model a built-in name or a folder
 */
record SoakModel(Kind kind, String model) {
    private static final int LEARNERS = 3;

    /** Built-in models, of real size. */
    static List<SoakModel> builtIn() {
        return List.of(
                new SoakModel(Kind.VECTORS, "minilm"),
                new SoakModel(Kind.VECTORS, "minilm-acm"),
                new SoakModel(Kind.FUTURES, "minilm-acm"),
                new SoakModel(Kind.IMAGES, "vit-cifar10"),
                new SoakModel(Kind.IMAGES, "vit-cifar10-acm"));
    }

    /** Small ones with random weights, of all kinds that no built-in model is of. */
    static List<SoakModel> writeSmall(Path folder) throws IOException {
        Files.createDirectories(folder);
        write(folder.resolve("scores"), "BertForSequenceClassification", "classifiers", Map.of("num_labels", 1));
        write(folder.resolve("classes"), "BertForSequenceClassification", "classifiers", Map.of("num_labels", 3));
        write(
                folder.resolve("tokens"),
                "BertForTokenClassification",
                "classifiers",
                Map.of("num_labels", 3, "tokens", true, "id2label", Map.of("0", "O", "1", "B-PER", "2", "I-PER")));
        write(folder.resolve("masked"), "BertForMaskedLM", "masked", Map.of());
        write(folder.resolve("late"), "HF_ColBERT", "colbert", Map.of("dim", 16));
        Files.writeString(folder.resolve("late").resolve("artifact.metadata"), """
                {"dim": 16, "query_maxlen": 24, "doc_maxlen": 40, "query_token_id": "[unused0]", "doc_token_id": "[unused1]",
                 "attend_to_mask_tokens": false, "mask_punctuation": true}
                """);
        writeLearners(folder);
        SmallMoonshine.write(folder.resolve("moonshine"));
        SmallWav2Vec2.write(folder.resolve("wav2vec2"));
        return List.of(
                small(Kind.SCORES, folder, "scores"),
                small(Kind.CLASSES, folder, "classes"),
                small(Kind.TOKENS, folder, "tokens"),
                small(Kind.WORDS, folder, "masked"),
                small(Kind.MASKS, folder, "masked"),
                small(Kind.LATE, folder, "late"),
                small(Kind.VECTORS, folder, "learners"),
                small(Kind.SPEECH, folder, "moonshine"),
                small(Kind.SPEECH, folder, "wav2vec2"));
    }

    private static SoakModel small(Kind kind, Path folder, String name) {
        return new SoakModel(kind, folder.resolve(name).toString());
    }

    /** Answers of these have the same bits wherever they have the same key. */
    String key(String engine) {
        return engine + " " + Path.of(model).getFileName() + " " + (kind == Kind.FUTURES ? Kind.VECTORS : kind);
    }

    private static void write(Path model, String architecture, String head, Map<String, ?> changes) throws IOException {
        RandomModel.small("bert", config(architecture, changes), 3)
                .with(head, changes, 4)
                .write(model, "bert.");
        writeTokenizer(model);
    }

    private static Map<String, Object> config(String architecture, Map<String, ?> changes) {
        var config = new HashMap<String, Object>(
                Map.of("architectures", List.of(architecture), "vocab_size", 30_522, "type_vocab_size", 2));
        config.putAll(changes);
        return config;
    }

    private static void writeTokenizer(Path model) throws IOException {
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
    }

    /** MLPs and attention cut into learners, with gates of random weights, so that tokens of a text get different numbers of them. */
    private static void writeLearners(Path folder) throws IOException {
        Path dense = folder.resolve("dense");
        RandomModel.small("bert", config("BertModel", Map.of("intermediate_size", 32 * LEARNERS)), 5)
                .write(dense, "");
        writeTokenizer(dense);
        try (TextEncoder opened =
                TextEncoder.open(dense.toString(), EngineOptions.defaults().withBackend(BackendChoice.FLOAT32))) {
            Encoder encoder = opened.model().encoder();
            List<int[]> sample = List.of(
                    new SplittableRandom(6).ints(60, 1000, 30_000).toArray(),
                    new SplittableRandom(7).ints(20, 1000, 30_000).toArray());
            Acmizer.replace(
                    encoder.parameters(),
                    encoder.slots(),
                    AdaptiveLayers.parse("mlp,qk,vo", LEARNERS),
                    () -> opened.model().sessions().encode(sample, Budget.FULL, null));
            var random = new SplittableRandom(8);
            for (Acm acm : encoder.acms()) {
                for (Parameter parameter : acm.gateParameters()) {
                    try (HostTensor value = parameter.write()) {
                        for (int i = 0; i < value.size(); i++) {
                            value.set(i, (float) random.nextGaussian());
                        }
                    }
                    parameter.changed();
                }
            }
            encoder.save(folder.resolve("learners"), opened.model().files().tokenizer(), ModelWriter.Existing.REPLACE);
        }
    }
}
