package io.tokenwise.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What stands beside the weights of a text encoder: the least that makes one of them, for tokens that come as numbers. */
public final class TextFiles {
    /** Nobody asks it, but models of texts have one. */
    private static final String TOKENIZER = """
        {"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
         "pre_tokenizer":{"type":"BertPreTokenizer"},
         "post_processor":{"type":"TemplateProcessing",
          "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
          "pair":[],
          "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}},
         "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
          "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4}}}
        """;

    /** The mean of token vectors, of length 1. */
    private static final String MODULES = """
            [{"path":"","type":"sentence_transformers.models.Transformer"},{"path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
             {"path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]
            """;

    private static final String POOLING = """
            {"word_embedding_dimension":%d,"pooling_mode_mean_tokens":true}
            """;

    private TextFiles() {}

    /**
     * Writes them.
     *
     * @param hidden what its vectors have
     */
    public static void write(Path model, int hidden) throws IOException {
        Files.writeString(model.resolve("tokenizer.json"), TOKENIZER);
        Files.writeString(model.resolve("modules.json"), MODULES);
        Path pooling = Files.createDirectory(model.resolve("1_Pooling"));
        Files.writeString(pooling.resolve("config.json"), POOLING.formatted(hidden));
    }
}
