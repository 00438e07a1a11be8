package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Pairs of characters, as SentencePiece merges them, against Hugging Face's library: merges in an order that no training gives. */
class BpeTest {
    private static final String MARK = "\u2581";

    private final Map<String, Integer> ids = new LinkedHashMap<>();
    private final List<String[]> merges = new ArrayList<>();

    private void piece(String piece) {
        ids.putIfAbsent(piece, ids.size());
    }

    private void random(Random random, boolean bytes) {
        List<String> pieces = new ArrayList<>(List.of("a", "b", MARK, "\ud83d\ude00"));
        piece("<unk>");
        pieces.forEach(this::piece);
        for (int value = 0; bytes && value < 256; value++) {
            piece(String.format("<0x%02X>", value));
        }
        int most = random.nextInt(40);
        for (int i = 0; i < most; i++) {
            String left = pieces.get(random.nextInt(pieces.size()));
            String right = pieces.get(random.nextInt(pieces.size()));
            // Of some a mark only begins a piece, as in most vocabularies.
            if (random.nextInt(4) > 0 && right.contains(MARK)) {
                continue;
            }
            merges.add(new String[] {left, right});
            piece(left + right);
            pieces.add(left + right);
        }
        if (random.nextInt(8) == 0) {
            merges.add(new String[] {"<unk>", MARK});
            piece("<unk>" + MARK);
        }
        Collections.shuffle(merges, random);
    }

    private byte[] json(boolean unknown, boolean fuse, boolean bytes) {
        ObjectNode root = JsonMapper.shared().createObjectNode().put("version", "1.0");
        root.putArray("added_tokens");
        for (String none : new String[] {"normalizer", "pre_tokenizer", "post_processor", "decoder"}) {
            root.putNull(none);
        }
        ObjectNode model =
                root.putObject("model").put("type", "BPE").put("fuse_unk", fuse).put("byte_fallback", bytes);
        model.put("unk_token", unknown ? "<unk>" : null);
        ObjectNode vocab = model.putObject("vocab");
        ids.forEach(vocab::put);
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(pair -> pairs.addArray().add(pair[0]).add(pair[1]));
        return JsonMapper.shared().writeValueAsBytes(root);
    }

    private Bpe bpe(boolean unknown, boolean fuse, boolean bytes) {
        String[] pieces = ids.keySet().toArray(String[]::new);
        return new Bpe(
                pieces,
                new PieceTable("tokenizer.json", pieces),
                ByteVocabulary.merges(pieces, merges),
                new Bpe.Options(unknown ? 0 : -1, fuse, bytes, false));
    }

    @ParameterizedTest
    @CsvSource({"true,true,true", "true,false,false", "true,true,false"})
    void tokensAreThoseOfTheLibrary(boolean unknown, boolean fuse, boolean bytes) throws IOException {
        Random random = new Random(9);
        String[] letters = {"a", "b", "a", "b", MARK, MARK, "\ud83d\ude00", "\u00e9", "z"};
        for (int round = 0; round < 150; round++) {
            ids.clear();
            merges.clear();
            random(random, bytes);
            Bpe ours = bpe(unknown, fuse, bytes);
            try (var library = new HuggingFace(json(unknown, fuse, bytes))) {
                for (int i = 0; i < 40; i++) {
                    var text = new StringBuilder();
                    for (int length = random.nextInt(i < 35 ? 20 : 300); length > 0; length--) {
                        text.append(letters[random.nextInt(letters.length)]);
                    }
                    var symbols = new Symbols();
                    ours.encode(text.toString().toCharArray(), 0, text.length(), Tokens.withPlaces(), symbols);
                    List<String> tokens = new ArrayList<>();
                    for (int s = 0; s < symbols.count; s++) {
                        tokens.add(HuggingFace.token(symbols.ids[s], symbols.starts[s], symbols.ends[s]));
                    }
                    assertThat(tokens).as(text.toString()).isEqualTo(library.tokens(text.toString()));
                }
            }
        }
    }
}
