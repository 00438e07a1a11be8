package io.tokenwise.testmodels;

import io.tokenwise.io.JsonFile;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.Prompts;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.VectorStep;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.model.open.Families;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** A BERT with random weights, so small that commands are quick. */
public final class SmallTextModel {
    private static final BertArchitecture SIZES = new BertArchitecture(24, 2, 3, 48, 30522, 40, 2, 1e-12);

    private SmallTextModel() {}

    /** Writes it as a folder, with MiniLM's tokenizer; it reads 40 tokens. */
    public static void write(Path folder) throws IOException {
        write(folder, Map.of());
    }

    /** The same with more tensors, such as those of a head. */
    public static void write(Path folder, Map<String, TensorData> more) throws IOException {
        write(folder, new TextOutput.Vectors(Pooling.MEAN, true), more);
    }

    /** The same, trained to do with the first 8 or 16 of its 24 values too. */
    public static void writeMatryoshka(Path folder) throws IOException {
        var steps = List.<VectorStep>of(new VectorStep.Normalize());
        write(folder, new TextOutput.Vectors(Pooling.MEAN, steps, List.of(8, 16)), Map.of());
    }

    /** A cross-encoder of the same sizes. */
    public static void writeScores(Path folder) throws IOException {
        var head = HeadForm.pooled("pooler.dense", "classifier");
        write(folder, new TextOutput.SequenceClasses(head, List.of("LABEL_0"), false), Map.of());
    }

    /** A classifier of texts. */
    public static void writeClasses(Path folder) throws IOException {
        var head = HeadForm.pooled("pooler.dense", "classifier");
        write(folder, new TextOutput.SequenceClasses(head, List.of("good", "bad", "neither"), false), Map.of());
    }

    /** A classifier of tokens. */
    public static void writeTokenClasses(Path folder) throws IOException {
        var labels = List.of("O", "B-PER", "I-PER", "B-LOC", "I-LOC");
        write(folder, new TextOutput.TokenClasses(Optional.empty(), "classifier", labels), Map.of());
    }

    /** A masked language model. */
    public static void writeMaskedTokens(Path folder) throws IOException {
        write(folder, new TextOutput.MaskedTokens(BertFamily.words(SIZES)), Map.of());
    }

    /** A sparse encoder. */
    public static void writeSparse(Path folder) throws IOException {
        write(folder, new TextOutput.Sparse(BertFamily.words(SIZES)), Map.of());
    }

    /** A text encoder with bge-m3's layers beside it, in files as torch.save writes them: it gives sparse vectors, and 8 numbers for each token, too. */
    public static void writeM3(Path folder) throws IOException {
        write(folder, new TextOutput.Vectors(Pooling.FIRST, true), Map.of());
        for (String layer : List.of("sparse_linear.pt", "colbert_linear.pt")) {
            try (InputStream in = SmallTextModel.class.getResourceAsStream(layer)) {
                Files.copy(in, folder.resolve(layer));
            }
        }
    }

    /** One that looks queries up, as OpenSearch's folders have it: {@code who} weighs 0.25, {@code wrote} 1.5 and {@code it} 3, and a query is cut to 8 tokens. */
    public static void writeLookedUp(Path folder) throws IOException {
        writeSparse(folder);
        Path pooling = Files.createDirectory(folder.resolve("document"));
        Files.copy(folder.resolve("1_SpladePooling/config.json"), pooling.resolve("config.json"));
        Path table = Files.createDirectory(folder.resolve("query"));
        Files.writeString(table.resolve("tokenizer_config.json"), "{\"model_max_length\": 8}");
        Files.writeString(table.resolve("config.json"), "{\"path\": \"idf.json\"}");
        Files.writeString(table.resolve("idf.json"), "{\"who\": 0.25, \"wrote\": 1.5, \"it\": 3}");
        String models = "sentence_transformers.sparse_encoder.models.";
        Files.writeString(
                folder.resolve("modules.json"),
                "[{\"idx\": 0, \"name\": \"0\", \"path\": \"\", \"type\": \"" + models + "Router\"}]");
        Files.writeString(folder.resolve("router_config.json"), """
                {"types": {"query": "%1$sSparseStaticEmbedding", "": "%1$sMLMTransformer", "document": "%1$sSpladePooling"},
                 "structure": {"query": ["query"], "document": ["", "document"]},
                 "parameters": {"default_route": "document", "allow_empty_key": true}}
                """.formatted(models));
    }

    /** A static model as model2vec writes it, with the same tokenizer and 24 values of length 1. */
    public static void writeStatic(Path folder) throws IOException {
        int rows = SIZES.vocabularySize();
        var values = new float[rows * SIZES.hiddenSize()];
        var random = new SplittableRandom(7);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        var table = new TensorData(new long[] {rows, SIZES.hiddenSize()}, MemorySegment.ofArray(values));
        SafetensorsWriter.write(folder.resolve("model.safetensors"), Map.of("embeddings", table), Map.of());
        Files.writeString(
                folder.resolve("config.json"),
                "{\"model_type\": \"model2vec\", \"architectures\": [\"StaticModel\"], \"normalize\": true, \"hidden_dim\": 24}");
        try (ModelFiles minilm = Models.builtIn("minilm-acm")) {
            Files.write(folder.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
    }

    /** A text encoder of any family, as a config.json has it, of MiniLM's vocabulary. */
    public static void write(Path folder, String json) throws IOException {
        JsonFile config = JsonFile.parse("config.json", json.getBytes(StandardCharsets.UTF_8));
        String type = config.root().get("model_type").stringValue();
        var family = (TextFamily) Families.ALL.stream()
                .filter(each -> each.name().equals(type))
                .findFirst()
                .orElseThrow();
        var sizes = family.architecture(config);
        var output = new TextOutput.Vectors(Pooling.MEAN, true);
        write(
                folder,
                new TextDescription(
                        "small", family, sizes, sizes.maxPositions(), output, Prompts.NONE, Optional.empty()),
                Map.of());
        Files.writeString(folder.resolve("config.json"), json);
    }

    private static void write(Path folder, TextOutput output, Map<String, TensorData> more) throws IOException {
        write(
                folder,
                new TextDescription("small", BertFamily.BERT, SIZES, 40, output, Prompts.NONE, Optional.empty()),
                more);
    }

    private static void write(Path folder, TextDescription description, Map<String, TensorData> more)
            throws IOException {
        Map<String, TensorData> tensors = RandomWeights.of(description);
        tensors.putAll(more);
        try (ModelFiles minilm = Models.builtIn("minilm-acm")) {
            ModelWriter.write(folder, description, tensors, minilm.tokenizer(), ModelWriter.Existing.KEEP);
        }
    }
}
