package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Writes what {@link SentenceFiles} reads. */
final class SentenceFilesWriter {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String POOLING = "1_Pooling";

    private SentenceFilesWriter() {}

    /** What is written for a model, by the path in its folder. */
    static Map<String, byte[]> files(TextDescription description) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        if (description.output() instanceof TextOutput.Vectors vectors) {
            files.put(SentenceFiles.MODULES, JsonFile.format(modules(vectors)));
            int width = description.architecture().hiddenSize();
            files.put(POOLING + "/config.json", JsonFile.format(pooling(vectors.pooling(), width)));
            for (VectorStep.Dense dense : vectors.dense()) {
                files.put(dense.folder() + "/config.json", JsonFile.format(dense(dense, width)));
                width = dense.outputs();
            }
        }
        if (description.output() instanceof TextOutput.TokenVectors vectors) {
            files.putAll(LateConfig.files(vectors, description.architecture().hiddenSize()));
            if (!vectors.folder().isEmpty()) {
                ArrayNode modules = JSON.arrayNode();
                addModule(modules, "", "models.Transformer");
                addModule(modules, vectors.folder(), "models.Dense");
                files.put(SentenceFiles.MODULES, JsonFile.format(modules));
            }
        }
        if (description.output() instanceof TextOutput.Sparse) {
            String pooling = "1_" + SentenceFiles.SPLADE;
            ArrayNode modules = JSON.arrayNode();
            addModule(modules, "", "sparse_encoder.models." + SentenceFiles.WORDS);
            addModule(modules, pooling, "sparse_encoder.models." + SentenceFiles.SPLADE);
            files.put(SentenceFiles.MODULES, JsonFile.format(modules));
            files.put(
                    pooling + "/config.json",
                    JsonFile.format(
                            JSON.objectNode().put("pooling_strategy", "max").put("activation_function", "relu")));
        }
        ObjectNode length = JSON.objectNode().put("max_seq_length", description.maxTokens());
        files.put(SentenceFiles.LENGTH, JsonFile.format(length.put("do_lower_case", false)));
        if (!description.prompts().byName().isEmpty()) {
            files.put(SentenceFiles.PROMPTS, JsonFile.format(prompts(description.prompts())));
        }
        return files;
    }

    private static ArrayNode modules(TextOutput.Vectors vectors) {
        ArrayNode modules = JSON.arrayNode();
        addModule(modules, "", "models.Transformer");
        addModule(modules, POOLING, "models.Pooling");
        for (VectorStep step : vectors.steps()) {
            switch (step) {
                case VectorStep.Dense dense -> addModule(modules, dense.folder(), "models.Dense");
                case VectorStep.Normalize _ -> addModule(modules, modules.size() + "_Normalize", "models.Normalize");
            }
        }
        return modules;
    }

    private static void addModule(ArrayNode modules, String path, String type) {
        modules.addObject()
                .put("idx", modules.size() - 1)
                .put("name", Integer.toString(modules.size() - 1))
                .put("path", path)
                .put("type", "sentence_transformers." + type);
    }

    private static ObjectNode pooling(Pooling pooling, int width) {
        return JSON.objectNode()
                .put("word_embedding_dimension", width)
                .put("pooling_mode_cls_token", pooling == Pooling.FIRST)
                .put("pooling_mode_mean_tokens", pooling == Pooling.MEAN)
                .put("pooling_mode_lasttoken", pooling == Pooling.LAST);
    }

    private static ObjectNode dense(VectorStep.Dense dense, int width) {
        return JSON.objectNode()
                .put("in_features", width)
                .put("out_features", dense.outputs())
                .put("bias", dense.bias())
                .put("activation_function", DenseActivation.torch(dense.activation()));
    }

    private static ObjectNode prompts(Prompts prompts) {
        ObjectNode file = JSON.objectNode();
        ObjectNode byName = file.putObject("prompts");
        prompts.byName().forEach(byName::put);
        file.put("default_prompt_name", prompts.usual().orElse(null));
        return file;
    }
}
