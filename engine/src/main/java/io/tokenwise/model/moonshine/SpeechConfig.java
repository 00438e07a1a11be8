package io.tokenwise.model.moonshine;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.tokenizer.LlamaVocabulary;
import io.tokenwise.tokenizer.SpeechVocabulary;
import io.tokenwise.tokenizer.TokenizerVocabulary;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Reads and writes what describes a speech recogniser: config.json of a Moonshine, and its vocabulary. */
final class SpeechConfig {
    // Far above every published Moonshine, far below what overflows an int or exhausts memory by a typing error.
    private static final int MAX_WIDTH = 1 << 14;
    private static final int MAX_LAYERS = 1 << 8;
    private static final int MAX_WORDS = 1 << 20;

    private SpeechConfig() {}

    static SpeechDescription read(ModelFolder folder, JsonFile config) throws IOException {
        config.supports("encoder_hidden_act", "gelu");
        config.supports("decoder_hidden_act", "silu");
        if (config.flag("attention_bias", false)) {
            throw config.refuse("attention_bias", "false");
        }
        int hidden = config.integer("hidden_size", 2, MAX_WIDTH);
        int heads = config.integer("encoder_num_attention_heads", 1, hidden);
        if (hidden % heads != 0) {
            throw new BadFileException(
                    config.file(),
                    "hidden_size " + hidden + " is not a multiple of encoder_num_attention_heads " + heads);
        }
        for (String same : new String[] {
            "decoder_num_attention_heads", "encoder_num_key_value_heads", "decoder_num_key_value_heads"
        }) {
            config.integer(same, heads, heads, heads);
        }
        if (config.has("rope_theta")) {
            config.number("rope_theta", MoonshineArchitecture.ROTARY_BASE, MoonshineArchitecture.ROTARY_BASE);
        }
        config.integer("decoder_start_token_id", MoonshineArchitecture.BEGIN, MoonshineArchitecture.BEGIN);
        config.integer("eos_token_id", MoonshineArchitecture.END, MoonshineArchitecture.END);
        var architecture = new MoonshineArchitecture(
                hidden,
                config.integer("encoder_num_hidden_layers", 1, MAX_LAYERS),
                config.integer("decoder_num_hidden_layers", 1, MAX_LAYERS),
                heads,
                config.integer("intermediate_size", 1, MAX_WIDTH),
                config.integer("vocab_size", MoonshineArchitecture.END + 1, MAX_WORDS),
                rotated(config, hidden / heads));
        return description(
                architecture,
                folder,
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    /** A share of a head's columns, as Hugging Face rounds it; an even number, since columns are turned in pairs. */
    private static int rotated(JsonFile config, int headSize) {
        int rotated = (int) (headSize * config.number("partial_rotary_factor", 0, 1));
        if (rotated % 2 != 0) {
            throw new BadFileException(
                    config.file(),
                    "partial_rotary_factor makes " + rotated + " of " + headSize
                            + " columns; it must be an even number");
        }
        return rotated;
    }

    /** Of a folder with a vocabulary, which must fit: that of the ONNX models, else Hugging Face's. */
    static SpeechDescription description(MoonshineArchitecture architecture, ModelFolder folder, Optional<JsonNode> acm)
            throws IOException {
        boolean script = folder.has(LlamaVocabulary.FILE);
        String file = script ? LlamaVocabulary.FILE : TokenizerVocabulary.FILE;
        if (!folder.has(file)) {
            throw new BadFileException(
                    folder.file(file), "no such file; it or " + LlamaVocabulary.FILE + " must be there");
        }
        SpeechVocabulary vocabulary = script
                ? LlamaVocabulary.parse(folder.file(file), folder.json(file))
                : TokenizerVocabulary.parse(folder.file(file), folder.json(file));
        if (vocabulary.size() != architecture.vocabularySize()) {
            throw new BadFileException(
                    folder.file(file),
                    "makes a vocabulary of " + vocabulary.size() + " tokens, the model has "
                            + architecture.vocabularySize());
        }
        return new SpeechDescription(
                folder.name(), MoonshineFamily.MOONSHINE, architecture, MoonshineArchitecture.SOUND, vocabulary, acm);
    }

    /** What is written for a model, by the path in its folder. */
    static Map<String, byte[]> beside(SpeechDescription description) {
        return description.vocabulary().files();
    }

    static ObjectNode config(SpeechDescription description) {
        var sizes = (MoonshineArchitecture) description.architecture();
        int headSize = sizes.hiddenSize() / sizes.heads();
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.putArray("architectures").add("MoonshineForConditionalGeneration");
        config.put("model_type", "moonshine")
                .put("is_encoder_decoder", true)
                .put("hidden_size", sizes.hiddenSize())
                .put("intermediate_size", sizes.intermediateSize())
                .put("encoder_num_hidden_layers", sizes.layers())
                .put("decoder_num_hidden_layers", sizes.decoderLayers())
                .put("encoder_num_attention_heads", sizes.heads())
                .put("decoder_num_attention_heads", sizes.heads())
                .put("encoder_num_key_value_heads", sizes.heads())
                .put("decoder_num_key_value_heads", sizes.heads())
                .put("encoder_hidden_act", "gelu")
                .put("decoder_hidden_act", "silu")
                .put("attention_bias", false)
                .put("max_position_embeddings", MoonshineArchitecture.mostTokens())
                // Half a column more, so that rounding down gives as many again.
                .put("partial_rotary_factor", Math.min(1, (sizes.rotated() + .5) / headSize))
                .put("rope_theta", MoonshineArchitecture.ROTARY_BASE)
                .put("vocab_size", sizes.vocabularySize())
                .put("bos_token_id", MoonshineArchitecture.BEGIN)
                .put("decoder_start_token_id", MoonshineArchitecture.BEGIN)
                .put("eos_token_id", MoonshineArchitecture.END)
                .put("tie_word_embeddings", true);
        return config;
    }
}
