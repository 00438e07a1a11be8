package io.tokenwise.bench;

import io.tokenwise.references.OrtReference;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model of a family's shape with random weights, in files: as a folder for us and as graphs for ONNX Runtime. */
record FamilyFiles(FamilyShape shape, int layers, TemporaryFolder folder) implements AutoCloseable {
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
            {"word_embedding_dimension":768,"pooling_mode_mean_tokens":true}
            """;

    /** @param graphs whether ONNX Runtime takes part */
    static FamilyFiles write(FamilyShape shape, int layers, boolean graphs) throws IOException {
        RandomModel model = shape.random(layers);
        var files = new FamilyFiles(shape, layers, TemporaryFolder.create("tokenwise-family-"));
        try {
            model.write(files.model(), "");
            Files.writeString(files.model().resolve("tokenizer.json"), TOKENIZER);
            Files.writeString(files.model().resolve("modules.json"), MODULES);
            Path pooling = Files.createDirectory(files.model().resolve("1_Pooling"));
            Files.writeString(pooling.resolve("config.json"), POOLING);
            if (graphs) {
                OrtReference.write(model, false, files.graph("f32"));
                OrtReference.write(model, true, files.graph("int8"));
            }
            return files;
        } catch (Throwable e) {
            files.close();
            throw e;
        }
    }

    Path model() {
        return folder.path().resolve("model");
    }

    /** @param precision {@code f32} or {@code int8} */
    Path graph(String precision) {
        return folder.path().resolve(precision + ".onnx");
    }

    @Override
    public void close() throws IOException {
        folder.close();
    }
}
