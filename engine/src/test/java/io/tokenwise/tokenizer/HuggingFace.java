package io.tokenwise.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Hugging Face's tokenizers library, by its own class; without its telemetry, and without marks around texts. */
final class HuggingFace implements AutoCloseable {
    private final HuggingFaceTokenizer library;

    HuggingFace(byte[] json) throws IOException {
        this(json, Map.of("padding", "false", "truncation", "false"));
    }

    /** Which cuts texts and pairs to so many tokens, the longer of a pair first. */
    HuggingFace(byte[] json, int most) throws IOException {
        this(json, Map.of("padding", "false", "truncation", "LONGEST_FIRST", "maxLength", Integer.toString(most)));
    }

    private HuggingFace(byte[] json, Map<String, String> options) throws IOException {
        System.setProperty("OPT_OUT_TRACKING", "true");
        try {
            library = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options);
        } finally {
            System.clearProperty("OPT_OUT_TRACKING");
        }
    }

    /** Ids with the places of their tokens, in chars: {@code id@start-end}. */
    List<String> tokens(String text) {
        Encoding encoding = library.encode(text, false, false);
        int[] chars = new int[text.codePointCount(0, text.length()) + 1];
        for (int i = 1; i < chars.length; i++) {
            chars[i] = text.offsetByCodePoints(chars[i - 1], 1);
        }
        List<String> tokens = new ArrayList<>();
        CharSpan[] spans = encoding.getCharTokenSpans();
        for (int i = 0; i < spans.length; i++) {
            tokens.add(token(encoding.getIds()[i], chars[spans[i].getStart()], chars[spans[i].getEnd()]));
        }
        return tokens;
    }

    /** Ids of a text between marks. */
    int[] ids(String text) {
        return Arrays.stream(library.encode(text, true, false).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    /** Ids with the types of their tokens, of two texts between marks: {@code id:type}. */
    List<String> pair(String first, String second) {
        Encoding encoding = library.encode(first, second, true, false);
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < encoding.getIds().length; i++) {
            tokens.add(encoding.getIds()[i] + ":" + encoding.getTypeIds()[i]);
        }
        return tokens;
    }

    /** The text of tokens. */
    String decode(int[] ids, boolean withoutSpecial) {
        return library.decode(Arrays.stream(ids).asLongStream().toArray(), withoutSpecial);
    }

    static String token(long id, int start, int end) {
        return id + "@" + start + "-" + end;
    }

    @Override
    public void close() {
        library.close();
    }
}
