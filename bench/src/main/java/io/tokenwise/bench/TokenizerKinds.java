package io.tokenwise.bench;

import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.testdata.FetchedData;
import io.tokenwise.testdata.NfkcCharsmap;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The tokenizer.json of each kind of tokenizer. */
final class TokenizerKinds {
    private static final String WORD_PIECE = "minilm";
    private static final String UNIGRAM = "unigram";

    /** Whose pieces our Unigram has, as many as XLM-RoBERTa's. */
    private static final String PIECES = "gemma3";

    private static final List<String> FETCHED = List.of("cl100k", "o200k", "qwen3", "llama3", "llama2", PIECES);

    static final List<String> NAMES =
            List.of(WORD_PIECE, UNIGRAM, "cl100k", "o200k", "qwen3", "llama3", "llama2", PIECES);

    private TokenizerKinds() {}

    /** What {@code ./tokenwise fetch} must have brought for a kind; empty if it is there or none is needed. */
    static Optional<String> missing(String name) {
        return name.equals(WORD_PIECE) || folder(source(name)).isPresent()
                ? Optional.empty()
                : Optional.of(source(name) + "-tokenizer");
    }

    private static String source(String name) {
        return FETCHED.contains(name) ? name : PIECES;
    }

    private static Optional<Path> folder(String name) {
        return FetchedData.find(name + "-tokenizer");
    }

    static byte[] json(String name) throws IOException {
        if (name.equals(WORD_PIECE)) {
            try (ModelFiles minilm = Models.builtIn(WORD_PIECE)) {
                return minilm.tokenizer().json();
            }
        }
        byte[] fetched = Files.readAllBytes(folder(source(name)).orElseThrow().resolve("tokenizer.json"));
        return name.equals(UNIGRAM) ? unigram(Tokenizer.open(name, fetched, 1_000)) : fetched;
    }

    /** Those pieces in XLM-RoBERTa's layout, with a charsmap of NFKC; the later a piece, the less likely it is, as Zipf has it. */
    private static byte[] unigram(Tokenizer pieces) {
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode root = mapper.createObjectNode().put("version", "1.0");
        root.putArray("added_tokens");
        root.putObject("normalizer")
                .put("type", "Precompiled")
                .put("precompiled_charsmap", new NfkcCharsmap().base64());
        root.set("pre_tokenizer", mapper.readTree("""
            {"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},
             {"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true}]}\
            """));
        root.putNull("post_processor").putNull("decoder");
        ObjectNode model = root.putObject("model").put("type", "Unigram").put("unk_id", 0);
        ArrayNode vocabulary = model.putArray("vocab");
        vocabulary.addArray().add("<unk>").add(0.0);
        List<String> texts =
                pieces.tokens(IntStream.range(0, pieces.vocabularySize()).toArray());
        for (int id = 0; id < texts.size(); id++) {
            if (!texts.get(id).matches("<.*>")) {
                vocabulary.addArray().add(texts.get(id)).add(-Math.log(id + 10));
            }
        }
        return mapper.writeValueAsBytes(root);
    }
}
