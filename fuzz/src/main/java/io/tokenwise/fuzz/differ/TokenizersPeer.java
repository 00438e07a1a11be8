package io.tokenwise.fuzz.differ;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import tools.jackson.databind.JsonNode;

/** Hugging Face's tokenizers, by DJL; without its telemetry. A program of its own that a {@link Peer} asks: an error of the library's ends the JVM. */
final class TokenizersPeer {
    private TokenizersPeer() {}

    /** Answers until there are no more files. */
    public static void main(String[] arguments) throws IOException {
        System.setProperty("OPT_OUT_TRACKING", "true");
        var in = new DataInputStream(new BufferedInputStream(System.in));
        var out = new DataOutputStream(new BufferedOutputStream(System.out));
        answer(Answer.read("Hugging Face's tokenizers by DJL " + version()), out);
        while (true) {
            int length;
            try {
                length = in.readInt();
            } catch (EOFException _) {
                return;
            }
            byte[] file = new byte[length];
            in.readFully(file);
            answer(read(file), out);
        }
    }

    private static void answer(Answer answer, DataOutputStream out) throws IOException {
        out.writeBoolean(answer.refused());
        out.writeInt(answer.content().length);
        out.write(answer.content());
        out.flush();
    }

    /** The library's and DJL's. */
    private static String version() throws IOException {
        var properties = new Properties();
        try (InputStream in = HuggingFaceTokenizer.class.getResourceAsStream("/native/lib/tokenizers.properties")) {
            properties.load(in);
        }
        return properties.getProperty("version");
    }

    private static Answer read(byte[] file) {
        JsonNode root = TokenizerFiles.MAPPER.readTree(file);
        try (var library = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(TokenLines.tokenizer(root)),
                Map.of("padding", "false", "truncation", "false"))) {
            return TokenLines.of(new Library(library), root);
        } catch (IOException | RuntimeException e) {
            return Answer.refusal(e.toString());
        }
    }

    private record Library(HuggingFaceTokenizer tokenizer) implements TokenLines.Cutter {
        @Override
        public List<String> places(String text) {
            Encoding encoding = tokenizer.encode(text, false, false);
            int[] chars = new int[text.codePointCount(0, text.length()) + 1];
            for (int i = 1; i < chars.length; i++) {
                chars[i] = text.offsetByCodePoints(chars[i - 1], 1);
            }
            List<String> tokens = new ArrayList<>();
            CharSpan[] spans = encoding.getCharTokenSpans();
            for (int i = 0; i < spans.length; i++) {
                tokens.add(encoding.getIds()[i] + "@" + chars[spans[i].getStart()] + "-" + chars[spans[i].getEnd()]);
            }
            return tokens;
        }

        @Override
        public int[] ids(String text) {
            return Arrays.stream(tokenizer.encode(text, true, false).getIds())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }

        @Override
        public List<String> pair(String first, String second) {
            Encoding encoding = tokenizer.encode(first, second, true, false);
            List<String> tokens = new ArrayList<>();
            for (int i = 0; i < encoding.getIds().length; i++) {
                tokens.add(encoding.getIds()[i] + ":" + encoding.getTypeIds()[i]);
            }
            return tokens;
        }

        @Override
        public String decoded(int[] ids, boolean withSpecial) {
            return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), !withSpecial);
        }
    }
}
