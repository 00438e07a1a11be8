package io.tokenwise.model.open;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.bert.TextConfig;
import io.tokenwise.model.moonshine.SpeechConfig;
import io.tokenwise.model.vit.ImageConfig;
import io.tokenwise.model.vit.TorchvisionVit;
import java.io.IOException;

/**
 * Reads the JSON files that describe a model: Hugging Face's config.json and what lies beside it for the model's kind. torchvision writes none;
 * its models describe themselves.
 */
final class ModelConfig {
    private static final String CONFIG = "config.json";

    private ModelConfig() {}

    static ModelDescription read(ModelFolder folder) throws IOException {
        if (!folder.has(CONFIG) && TorchvisionVit.isIn(folder)) {
            return TorchvisionVit.describe(folder);
        }
        JsonFile config = folder.read(CONFIG);
        String type = config.root().path("model_type").asString("bert");
        return switch (type) {
            case "bert" -> TextConfig.read(folder, config);
            case "vit" -> ImageConfig.read(folder, config);
            case "moonshine" -> SpeechConfig.read(folder, config);
            default ->
                throw config.refuse(
                        "model_type",
                        "bert, as BERT, MiniLM, bge, e5 and gte have it, vit, as Vision Transformers have it, or moonshine");
        };
    }
}
