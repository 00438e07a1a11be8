package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Writes what {@link SentenceFiles} reads. */
final class SentenceFilesWriter {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String POOLING = "1_Pooling";
    private static final String MODELS = "sentence_transformers.models.";

    /** sentence-transformers' own, whose older versions know no residual, is not pylate's. */
    private static final String PYLATE_DENSE = "pylate.models.Dense.Dense";

    private SentenceFilesWriter() {}

    /** What is written for a model, by the path in its folder. */
    static Map<String, byte[]> files(TextDescription description) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        int width = description.architecture().hiddenSize();
        requireWritable(description);
        switch (description.output()) {
            case TextOutput.Vectors vectors -> files.putAll(layers(vectors, width));
            case TextOutput.Score score -> files.putAll(layers(score, width));
            case TextOutput.TokenVectors vectors when vectors.isBeside() -> files.putAll(LateConfig.metadata(vectors));
            case TextOutput.TokenVectors vectors -> files.putAll(layers(vectors, width));
            case TextOutput.Sparse sparse -> files.putAll(splade(sparse));
            // Without modules Python looks for no prompts.
            case TextOutput.SequenceClasses _ when asks(description) -> files.putAll(alone());
            case TextOutput.Answer answer when asks(description) -> files.putAll(logits(answer));
            default -> {}
        }
        if (description.output() instanceof TextOutput.Answer answer
                && !answer.template().isEmpty()) {
            files.put(ChatTemplate.FILE, answer.template().getBytes(StandardCharsets.UTF_8));
        }
        ObjectNode length = JSON.objectNode().put("max_seq_length", description.maxTokens());
        length.put("do_lower_case", false);
        named(description).ifPresent(form -> MultiVectorConfig.addLengths(length, form, description.maxTokens()));
        files.put(SentenceFiles.LENGTH, JsonFile.format(length));
        ObjectNode settings = settings(description);
        if (!settings.isEmpty()) {
            files.put(SentenceFiles.PROMPTS, JsonFile.format(settings));
        }
        return files;
    }

    /** Only bge-m3's own files say what its layers are, and these are PyTorch's. */
    private static void requireWritable(TextDescription description) {
        boolean beside = description.output() instanceof TextOutput.TokenWeights
                || description.output() instanceof TextOutput.TokenVectors vectors
                        && vectors.form().withoutFirst();
        if (beside) {
            throw new UnsupportedOperationException(description.name() + ": as " + description.kind()
                    + " of bge-m3's files it is not written; what is, is the text encoder");
        }
    }

    /** How a model reads whose files are those of a MultiVectorEncoder. */
    private static Optional<LateForm> named(TextDescription description) {
        return description.output() instanceof TextOutput.TokenVectors vectors
                ? Optional.of(vectors.form()).filter(LateForm::named)
                : Optional.empty();
    }

    private static boolean asks(TextDescription description) {
        return !description.prompts().byName().isEmpty();
    }

    /** Of a model with a head of its own. */
    private static Map<String, byte[]> alone() {
        ArrayNode modules = JSON.arrayNode();
        addModule(modules, "", MODELS + "Transformer");
        return Map.of(SentenceModules.FILE, JsonFile.format(modules));
    }

    private static Map<String, byte[]> logits(TextOutput.Answer answer) {
        String logits = "1_" + SentenceModules.LOGITS;
        ArrayNode modules = JSON.arrayNode();
        addModule(modules, "", MODELS + "Transformer");
        addModule(modules, logits, "sentence_transformers.cross_encoder.modules.logit_score." + SentenceModules.LOGITS);
        return Map.of(
                SentenceModules.FILE,
                JsonFile.format(modules),
                logits + "/config.json",
                JsonFile.format(
                        JSON.objectNode().put(SentenceModules.YES, answer.yes()).put(SentenceModules.NO, answer.no())));
    }

    /** Of a text's vector. */
    private static Map<String, byte[]> layers(TextOutput.Vectors vectors, int hiddenSize) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(POOLING + "/config.json", JsonFile.format(pooling(vectors.pooling(), hiddenSize)));
        ArrayNode modules = JSON.arrayNode();
        addModule(modules, "", MODELS + "Transformer");
        addModule(modules, POOLING, MODELS + "Pooling");
        addLayers(files, modules, vectors.steps(), MODELS + "Dense", hiddenSize);
        return files;
    }

    /** Of one that is a score. */
    private static Map<String, byte[]> layers(TextOutput.Score score, int hiddenSize) {
        Map<String, byte[]> files = layers(score.vector(), hiddenSize);
        VectorStep.Dense last = score.vector().dense().getLast();
        int width = VectorStep.width(
                score.vector().steps().subList(0, score.vector().steps().size() - 1), hiddenSize);
        files.put(
                last.folder() + "/config.json",
                JsonFile.format(dense(last, width).put(SentenceModules.OUTPUT_NAME, SentenceModules.SCORES)));
        return files;
    }

    /** Of tokens' vectors. */
    private static Map<String, byte[]> layers(TextOutput.TokenVectors vectors, int hiddenSize) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        ArrayNode modules = JSON.arrayNode();
        addModule(modules, "", MODELS + "Transformer");
        if (!vectors.form().named()) {
            addLayers(files, modules, vectors.dense(), PYLATE_DENSE, hiddenSize);
            return files;
        }
        addLayers(files, modules, vectors.dense(), MODELS + "Dense", hiddenSize);
        MultiVectorConfig.behind(vectors.form()).forEach((type, config) -> {
            String own = modules.size() + type.substring(type.lastIndexOf('.')).replace('.', '_');
            addModule(modules, own, type);
            files.put(own + "/config.json", JsonFile.format(config));
        });
        files.put(SentenceModules.FILE, JsonFile.format(modules));
        return files;
    }

    private static Map<String, byte[]> splade(TextOutput.Sparse sparse) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        ArrayNode modules = JSON.arrayNode();
        String pooling = sparse.queries().isPresent() ? SentenceRouter.POOLING : "1_" + SentenceModules.SPLADE;
        if (sparse.queries().isPresent()) {
            addModule(modules, "", MODELS + "Router");
            files.put(
                    SentenceRouter.FILE,
                    JsonFile.format(
                            SentenceRouter.written(sparse.queries().get().usual())));
        } else {
            addModule(modules, "", "sentence_transformers.sparse_encoder.models." + SentenceModules.WORDS);
            addModule(modules, pooling, "sentence_transformers.sparse_encoder.models." + SentenceModules.SPLADE);
        }
        files.put(SentenceModules.FILE, JsonFile.format(modules));
        String activation = sparse.flat() ? SentenceModules.FLAT : SentenceModules.RELU;
        files.put(
                pooling + "/config.json",
                JsonFile.format(
                        JSON.objectNode().put("pooling_strategy", "max").put(DenseActivation.FIELD, activation)));
        return files;
    }

    /** Ends modules.json with layers, and writes what each has in its folder; of one beside the model's own config.json speaks. */
    private static void addLayers(
            Map<String, byte[]> files,
            ArrayNode modules,
            List<? extends VectorStep> steps,
            String denseType,
            int hiddenSize) {
        int width = hiddenSize;
        for (VectorStep step : steps) {
            switch (step) {
                case VectorStep.Dense dense when dense.folder().isEmpty() -> {}
                case VectorStep.Dense dense -> {
                    addModule(modules, dense.folder(), denseType);
                    files.put(dense.folder() + "/config.json", JsonFile.format(dense(dense, width)));
                }
                case VectorStep.LayerNorm norm -> {
                    addModule(modules, norm.folder(), MODELS + "LayerNorm");
                    files.put(
                            norm.folder() + "/config.json",
                            JsonFile.format(JSON.objectNode().put("dimension", width)));
                }
                case VectorStep.Normalize _ -> addModule(modules, modules.size() + "_Normalize", MODELS + "Normalize");
            }
            width = step.width(width);
        }
        files.put(SentenceModules.FILE, JsonFile.format(modules));
    }

    private static void addModule(ArrayNode modules, String path, String type) {
        modules.addObject()
                .put("idx", modules.size() - 1)
                .put("name", Integer.toString(modules.size() - 1))
                .put(SentenceModules.PATH, path)
                .put(SentenceModules.TYPE, type);
    }

    private static ObjectNode pooling(Pooling pooling, int width) {
        return JSON.objectNode()
                .put("word_embedding_dimension", width)
                .put("pooling_mode_cls_token", pooling == Pooling.FIRST)
                .put("pooling_mode_mean_tokens", pooling == Pooling.MEAN)
                .put("pooling_mode_lasttoken", pooling == Pooling.LAST);
    }

    private static ObjectNode dense(VectorStep.Dense dense, int width) {
        ObjectNode file = JSON.objectNode()
                .put("in_features", width)
                .put("out_features", dense.outputs())
                .put("bias", dense.bias())
                .put(DenseActivation.FIELD, DenseActivation.torch(dense.activation()));
        // Which older versions do not know.
        return dense.residual() ? file.put(SentenceModules.RESIDUAL, true) : file;
    }

    /** config_sentence_transformers.json; empty if there is nothing to say. */
    private static ObjectNode settings(TextDescription description) {
        ObjectNode file = JSON.objectNode();
        TextOutput output = description.output();
        boolean asked = asks(description) && (output.isScore() || output instanceof TextOutput.SequenceClasses);
        if (asked || output instanceof TextOutput.Score) {
            // Without the second Python takes the logistic function of a score.
            file.put(SentenceModules.MODEL_TYPE, SentenceModules.CROSS_ENCODER)
                    .put(SentenceModules.ACTIVATION, DenseActivation.torch(Optional.empty()));
        }
        if (output instanceof TextOutput.TokenVectors vectors && !vectors.isBeside()) {
            if (vectors.form().named()) {
                MultiVectorConfig.addTo(file);
            } else {
                LateConfig.addTo(file, vectors.form());
            }
        }
        Prompts prompts = description.prompts();
        if (asks(description)) {
            ObjectNode byName = file.putObject("prompts");
            prompts.byName().forEach(byName::put);
            file.put("default_prompt_name", prompts.usual().orElse(null));
        }
        return file;
    }
}
