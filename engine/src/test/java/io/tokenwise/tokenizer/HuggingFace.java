package io.tokenwise.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Hugging Face's tokenizers library, by its own class; without its telemetry, and without marks around texts. */
final class HuggingFace implements AutoCloseable {
    private final HuggingFaceTokenizer library;

    HuggingFace(byte[] json) throws IOException {
        System.setProperty("OPT_OUT_TRACKING", "true");
        try {
            library = HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json), Map.of("padding", "false", "truncation", "false"));
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

    static String token(long id, int start, int end) {
        return id + "@" + start + "-" + end;
    }

    @Override
    public void close() {
        library.close();
    }
}
