package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The token that gte-Qwen2's own tokenizer, code beside its files, puts behind each text in the place of what tokenizer.json says: {@code <|endoftext|>} (huggingface/text-embeddings-inference
 * router/src/lib.rs at 0d124dc9, which cites its tokenization_qwen.py).
 */
final class EndOfText {
    private static final String CODE = "tokenization_qwen.Qwen2TokenizerFast";
    private static final String WANTED = "add_eos_token";
    private static final String TOKEN = "eos_token";
    private static final String FRAME = "post_processor";

    private EndOfText() {}

    /** Whether a tokenizer_config.json names that code. */
    static boolean isIn(JsonFile config) {
        return config.root()
                .path("auto_map")
                .path("AutoTokenizer")
                .valueStream()
                .anyMatch(name -> name.asString("").endsWith(CODE));
    }

    /**
     * The same tokenizer.json with the token.
     *
     * @param config which names that code
     * @throws io.tokenwise.api.BadFileException if it does not say that the token is wanted, or which
     */
    static byte[] behind(JsonFile config, String file, byte[] json) {
        if (!config.flag(WANTED, false)) {
            throw config.refuse(WANTED, "true, as of gte-Qwen2, whose tokenizer it names");
        }
        JsonNode named = config.root().path(TOKEN);
        String token = named.path("content").asString(named.asString(""));
        JsonFile tokenizer = TokenizerFile.steps(file, json);
        int id = tokenizer
                .root()
                .path("added_tokens")
                .valueStream()
                .filter(added -> added.path("content").asString("").equals(token))
                .map(added -> added.path("id").asInt(-1))
                .findFirst()
                .orElseThrow(() -> config.refuse(TOKEN, "one of added_tokens in tokenizer.json"));
        return JsonFile.replaced(file, json, FRAME, template(token, id));
    }

    private static ObjectNode template(String token, int id) {
        ObjectNode template = JsonNodeFactory.instance.objectNode().put("type", "TemplateProcessing");
        add(template.putArray("single"), "A", 0, token);
        ArrayNode pair = template.putArray("pair");
        add(pair, "A", 0, token);
        add(pair, "B", 1, token);
        ObjectNode special =
                template.putObject("special_tokens").putObject(token).put("id", token);
        special.putArray("ids").add(id);
        special.putArray("tokens").add(token);
        return template;
    }

    private static void add(ArrayNode parts, String text, int type, String token) {
        parts.addObject().putObject("Sequence").put("id", text).put("type_id", type);
        parts.addObject().putObject("SpecialToken").put("id", token).put("type_id", type);
    }
}
