package io.tokenwise.tokenizer;

import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;

/** Vocabularies. */
public final class TokenizerTargets {
    private static final String TEXT =
            "The <mask> [CLS] man\u00e9 tokens <s>\u4e2d\ud83d\ude00  12 ab\u0301\u00ad\u200b\ufb01 \uff21";
    private static final int MOST_TOKENS = 32;
    private static final int LETTERS = 16;

    public static final List<Target> ALL = List.of(
            Target.file("tokenizer", "tokenizer.json", TokenizerTargets::tokenizer, Forms.JSON),
            Target.file("charsmap", "charsmap", TokenizerTargets::charsmap),
            Target.file("vocab-bert", "vocab.txt", TokenizerTargets::bert, Forms.LINES),
            Target.file("vocab-llama", "pieces.txt", TokenizerTargets::llama, Forms.LINES),
            Target.folder("vocab-ctc", TokenizerTargets::ctc, Forms.JSON));

    private TokenizerTargets() {}

    private static void tokenizer(Input input, Workplace place) {
        use(Tokenizer.open("tokenizer.json", input.bytes(), MOST_TOKENS));
    }

    private static void use(Tokenizer tokenizer) {
        int[] ids = tokenizer.encode(TEXT).ids();
        require(ids.length <= MOST_TOKENS, "too many tokens");
        require(tokenizer.tokens(ids).size() == ids.length, "tokens that have no name");
        require(tokenizer.places(TEXT).size() == tokenizer.encodeAll(TEXT).length, "tokens that have no place");
        tokenizer.decode(ids, false);
        if (tokenizer.frame().pair().isPresent()) {
            tokenizer.encodePair(TEXT, TEXT, MOST_TOKENS);
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /** What a SentencePiece model makes of characters, a trie; tokenizer.json has it in base64. */
    private static void charsmap(Input input, Workplace place) {
        Charsmap map = Charsmap.read("tokenizer.json", Base64.getEncoder().encodeToString(input.bytes()));
        var text = new Normalized("tokenizer.json", TEXT, true);
        map.normalize(text);
    }

    private static void bert(Input input, Workplace place) {
        use(Tokenizer.open("vocab.txt", BertVocabulary.tokenizerJson("vocab.txt", input.bytes()), MOST_TOKENS));
    }

    /** A script, or the pieces that it has in base64, which no change of the script would leave right. */
    private static void llama(Input input, Workplace place) {
        byte[] bytes = input.bytes();
        String before = "llama_vocab_base64 = \"";
        boolean script = new String(bytes, StandardCharsets.ISO_8859_1).contains(before);
        String packed = before + Base64.getEncoder().encodeToString(bytes) + '"';
        LlamaVocabulary vocabulary = LlamaVocabulary.parse(
                "llama-tokenizer.js", script ? bytes : packed.getBytes(StandardCharsets.US_ASCII));
        vocabulary.decode(IntStream.range(0, vocabulary.size()).toArray());
    }

    private static void ctc(Input input, Workplace place) {
        CtcVocabulary vocabulary = CtcVocabulary.parse(name -> name, input.files(), LETTERS);
        int[] all = IntStream.range(0, vocabulary.size()).toArray();
        vocabulary.decode(all);
        vocabulary.decode(Arrays.stream(all).flatMap(id -> IntStream.of(id, id)).toArray());
        vocabulary.blank();
    }
}
