package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import io.tokenwise.api.BadFileException;
import io.tokenwise.testdata.NfkcCharsmap;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.SentencePieceVocabulary.Layout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** SentencePiece's own file beside the tokenizer.json of the same pieces. */
public class SentencePieceVocabularyTest {
    private static final String FILE = Layout.XLM_ROBERTA.file;
    static final int UNIGRAM = 1;
    private static final int BPE = 2;
    private static final List<String> OF_FAIRSEQ = List.of("<s>", "<pad>", "</s>", "<unk>", "<mask>");

    interface Fields {
        void write(CodedOutputStream out) throws IOException;
    }

    static ByteString message(Fields fields) throws IOException {
        var bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        fields.write(out);
        out.flush();
        return ByteString.copyFrom(bytes.toByteArray());
    }

    static ByteString piece(String text, double score, int kind) throws IOException {
        return message(out -> {
            out.writeString(1, text);
            out.writeFloat(2, (float) score);
            if (kind != 1) {
                out.writeEnum(3, kind);
            }
        });
    }

    private static byte[] model(Map<String, Double> pieces, byte[] charsmap, int kind) throws IOException {
        var all = new ArrayList<>(List.of(piece("<unk>", 0, 2), piece("<s>", 0, 3), piece("</s>", 0, 3)));
        for (Map.Entry<String, Double> piece : pieces.entrySet()) {
            all.add(piece(piece.getKey(), piece.getValue(), 1));
        }
        return model(all, charsmap, kind, 0);
    }

    /** As {@code spm_train} writes it, but for fields that say nothing of the tokens. */
    static byte[] model(List<ByteString> pieces, byte[] charsmap, int kind, int unknown) throws IOException {
        return message(out -> {
                    for (ByteString piece : pieces) {
                        out.writeBytes(1, piece);
                    }
                    out.writeBytes(2, message(training -> {
                        training.writeString(2, "some");
                        training.writeEnum(3, kind);
                        training.writeInt32(4, pieces.size());
                        if (unknown != 0) {
                            training.writeInt32(40, unknown);
                        }
                    }));
                    out.writeBytes(3, message(normalizing -> {
                        normalizing.writeString(1, "nmt_nfkc");
                        if (charsmap.length > 0) {
                            normalizing.writeByteArray(2, charsmap);
                        }
                        normalizing.writeBool(3, true);
                    }));
                })
                .toByteArray();
    }

    /** A small one, for folders. */
    public static byte[] model(String... pieces) throws IOException {
        var scores = new LinkedHashMap<String, Double>();
        for (int i = 0; i < pieces.length; i++) {
            scores.put(pieces[i], -1.0 - i);
        }
        return model(scores, new byte[0], UNIGRAM);
    }

    private static Map<String, Double> plain(UnigramVocabulary vocabulary) {
        var plain = new LinkedHashMap<>(vocabulary.scores);
        plain.keySet().removeAll(OF_FAIRSEQ);
        return plain;
    }

    private static Tokenizer open(byte[] model, Layout layout) {
        return Tokenizer.open(
                FILE,
                SentencePieceVocabulary.tokenizerJson(
                        FILE, model, layout, SpecialTokens.usual("tokenizer_config.json")),
                100_000);
    }

    private static List<String> tokens(Tokenizer tokenizer, String text) {
        return tokenizer.places(text).stream()
                .map(place -> HuggingFace.token(place.id(), place.start(), place.end()))
                .toList();
    }

    /** The ids of XLM-R's file are those of {@link UnigramVocabulary}, whose tokenizer.json Hugging Face's library reads. */
    @Test
    void xlmRobertasIsThatOfItsTokenizerJson() throws IOException {
        List<String> glosses = WordNet.load().glosses();
        String base64 = new NfkcCharsmap().base64();
        for (String charsmap : List.of("", base64)) {
            UnigramVocabulary vocabulary = UnigramVocabulary.of(words(glosses), 8_000);
            String first = charsmap.isEmpty()
                    ? ""
                    : "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"" + charsmap + "\"},";
            vocabulary.normalizer = "{\"type\":\"Sequence\",\"normalizers\":[" + first
                    + "{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true},"
                    + "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\"\u2581\"}]}";
            byte[] model = model(plain(vocabulary), Base64.getDecoder().decode(charsmap), UNIGRAM);
            Tokenizer ours = open(model, Layout.XLM_ROBERTA);
            assertThat(ours.frame().before()).containsExactly(0);
            assertThat(ours.frame().after()).containsExactly(2);
            var sentences = new Sentences(3, glosses);
            try (var library = new HuggingFace(vocabulary.json())) {
                for (int i = 0; i < 500; i++) {
                    String text = sentences.next() + (i % 5 == 0 ? " <mask>" : i % 7 == 0 ? "</s>" : "");
                    assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
                }
                assertThat(ours.encodePair("a man", "the man", 40).ids())
                        .containsExactly(library.pair("a man", "the man").stream()
                                .mapToInt(token -> Integer.parseInt(token.substring(0, token.indexOf(':'))))
                                .toArray());
            }
        }
    }

    private static String[] words(List<String> glosses) {
        return glosses.stream()
                .limit(2_000)
                .flatMap(gloss -> Arrays.stream(gloss.split("\\W+")))
                .distinct()
                .toArray(String[]::new);
    }

    /** Its five marks stand before the file's pieces from {@code <s>} on. */
    @Test
    void camembertsHasOtherIds() throws IOException {
        Tokenizer tokenizer = open(model("\u2581le", "\u2581chat"), Layout.CAMEMBERT);
        assertThat(tokenizer.encode("le chat").ids()).containsExactly(5, 7, 8, 6);
        assertThat(tokenizer.encode("le <mask>").ids()).containsExactly(5, 7, 9, 6);
        assertThat(tokenizer.encode("chat x<pad>").ids()).containsExactly(5, 8, 3, 1, 6);
        assertThat(tokenizer.tokens(new int[] {0, 1, 2, 3, 4}))
                .containsExactly("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED");
        assertThat(open(model("\u2581le", "\u2581chat"), Layout.XLM_ROBERTA)
                        .encode("le chat")
                        .ids())
                .containsExactly(0, 4, 5, 2);
    }

    /** As transformers adds them: tokens of control and what users wanted whole; bytes are text. */
    @Test
    void piecesOfOtherKindsMayBeAmongThem() throws IOException {
        byte[] marked = message(out -> {
                    out.writeRawBytes(ByteString.copyFrom(model("\u2581a", "b", "\u2581")));
                    out.writeBytes(1, piece("<x>", 0, 3));
                    out.writeBytes(1, piece("bb", -20, 4));
                    out.writeBytes(1, piece("\u2581aa", -1, 5));
                    out.writeBytes(1, piece("<0x21>", -1, 6));
                })
                .toByteArray();
        Tokenizer tokenizer = open(marked, Layout.XLM_ROBERTA);
        int[] ids = tokenizer.encodeAll("a<x>bbb aa ! <0x21>");
        assertThat(tokenizer.tokens(ids))
                .containsExactly(
                        "\u2581a", "<x>", "bb", "\u2581", "b", "\u2581aa", "\u2581", "<unk>", "\u2581", "<0x21>");
        assertThat(tokenizer.decode(ids, false)).startsWith("abb b aa ");
    }

    @Test
    void otherModelsAreRefused() throws IOException {
        Map<String, Double> pieces = Map.of("\u2581a", -1.0);
        assertRefused(model(pieces, new byte[0], BPE), "model_type is 2; supported: 1, a Unigram");
        assertRefused(new byte[0], "has 0 pieces; supported: more than 3, of which the first are <unk>, <s> and </s>");
        assertRefused(
                message(out -> {
                            for (int i = 0; i < 4; i++) {
                                out.writeBytes(1, piece("a" + i, 0, 1));
                            }
                        })
                        .toByteArray(),
                "has 4 pieces; supported: more than 3, of which the first are <unk>, <s> and </s>");
        assertRefused(
                "version https://git-lfs".getBytes(StandardCharsets.UTF_8),
                "is a pointer of Git LFS and not the file itself");
        byte[] one = message(out -> out.writeBytes(1, piece("a", 0, 1))).toByteArray();
        byte[] many = new byte[one.length * (Vocabulary.MOST + 1)];
        for (int i = 0; i < many.length; i++) {
            many[i] = one[i % one.length];
        }
        assertRefused(many, "has more than 1048576 pieces");
        assertRefused(new byte[(64 << 20) + 1], "has more than 67108864 bytes");
        for (ByteString piece :
                List.of(piece("a", 0, 0), piece("a", 0, 7), piece("", 0, 1), piece("a", Double.NaN, 1))) {
            assertRefused(message(out -> out.writeBytes(1, piece)).toByteArray(), "piece 0 is of kind");
        }
        assertRefused("a text\n".repeat(9).getBytes(StandardCharsets.UTF_8), "is not a model of SentencePiece: ");
    }

    private static void assertRefused(byte[] model, String message) {
        assertThatThrownBy(() -> open(model, Layout.XLM_ROBERTA))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(FILE + ": " + message)
                .message()
                .hasLineCount(1);
    }

    @Test
    void filesWithFlippedBitsOrCutAreReadOrRefusedInOneLine() throws IOException {
        byte[] good = model(plain(UnigramVocabulary.of(new String[] {"the"}, 110)), new byte[0], UNIGRAM);
        var random = new Random(4);
        var read = new ArrayList<Boolean>();
        for (int i = 0; i < 2_000; i++) {
            byte[] bad = Arrays.copyOf(good, i % 4 == 0 ? random.nextInt(good.length) : good.length);
            for (int flips = random.nextInt(4); flips > 0 && bad.length > 0; flips--) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                open(bad, Layout.XLM_ROBERTA).encode("the man");
                read.add(true);
            } catch (BadFileException e) {
                assertThat(e.getMessage()).hasLineCount(1);
                read.add(false);
            }
        }
        assertThat(read).contains(true, false);
    }
}
