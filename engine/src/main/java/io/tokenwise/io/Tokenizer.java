package io.tokenwise.io;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A WordPiece tokenizer as tokenizer.json describes it. Any number of threads may use one at the same time; closing waits
 * for those that do.
 *
 * <p>The work is done by Hugging Face's tokenizers library in native code, reached through the JNI layer of DJL's
 * {@code HuggingFaceTokenizer} rather than that class itself, because its factory methods send telemetry where they find
 * themselves on AWS. DJL copies its library once to {@code ~/.djl.ai} (or where {@code DJL_CACHE_DIR} says). On a machine
 * with a GPU it would download a build for CUDA instead, so that the build for CPUs is asked for unless the user has set
 * {@code RUST_FLAVOR}. Nothing else here touches the network.
 */
public final class Tokenizer implements AutoCloseable {
    /** Room for the two special tokens and one of the text. */
    static final int LEAST_MAX_TOKENS = 3;

    /** A prefix of this many characters for each token wanted nearly always suffices (English has about 4.5). */
    private static final int PREFIX_CHARACTERS_PER_TOKEN = 16;

    private static final TokenizersLibrary LIBRARY = TokenizersLibrary.LIB;

    private final String file;
    private final byte[] json;
    private final int maxTokens;
    private final String[] vocabulary;
    private final long handle;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    /**
     * A text's tokens.
     *
     * @param ids rows of the word embedding, from {@code [CLS]} to {@code [SEP]}
     * @param truncated whether the text had more tokens than the model takes
     */
    public record Encoded(int[] ids, boolean truncated) {}

    private Tokenizer(String file, byte[] json, int maxTokens) {
        if (maxTokens < LEAST_MAX_TOKENS) {
            throw new IllegalArgumentException("maxTokens is " + maxTokens + ", must be at least " + LEAST_MAX_TOKENS);
        }
        this.file = file;
        this.json = json;
        this.maxTokens = maxTokens;
        this.vocabulary = TokenizerJson.check(JsonFile.parse(file, json));
        loadLibrary();
        this.handle = create(file, json);
        LIBRARY.disableTruncation(handle);
        LIBRARY.disablePadding(handle);
        try {
            int specials = encodeAll("").length;
            if (specials != 2) {
                throw new BadFileException(
                        file,
                        "puts " + specials + " special tokens around a text; supported: one before and one after");
            }
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Opens a tokenizer.json. */
    public static Tokenizer open(Path path, int maxTokens) throws IOException {
        return open(path.toString(), JsonFile.bytes(path), maxTokens);
    }

    /**
     * Opens a tokenizer from the bytes of a tokenizer.json. Truncation and padding that it asks for are ignored.
     *
     * @param file the name to give it in messages
     * @param maxTokens longer texts are cut to this many tokens, the special ones included
     * @throws BadFileException if it is not a WordPiece tokenizer or names tokens that it does not have
     */
    public static Tokenizer open(String file, byte[] json, int maxTokens) {
        return new Tokenizer(file, json.clone(), maxTokens);
    }

    /**
     * Splits a text into tokens. Unpaired surrogates count as U+FFFD, which BERT's normalizer removes. Of a long text only
     * as much is looked at as is needed.
     */
    public Encoded encode(String text) {
        String valid = withoutUnpairedSurrogates(text);
        // No token reaches over white space: the tokens of a prefix that ends there are the text's first tokens.
        for (long wish = (long) maxTokens * PREFIX_CHARACTERS_PER_TOKEN; ; wish *= 2) {
            int end = endOfWord(valid, wish);
            int[] ids = encodeAll(valid.substring(0, end));
            if (ids.length > maxTokens) {
                int last = ids[ids.length - 1];
                ids = Arrays.copyOf(ids, maxTokens);
                ids[maxTokens - 1] = last;
                return new Encoded(ids, true);
            }
            if (end == valid.length()) {
                return new Encoded(ids, false);
            }
        }
    }

    /**
     * The tokens' text as the vocabulary has it, for example {@code ["[CLS]", "token", "##wise", "[SEP]"]}.
     *
     * @throws IllegalArgumentException if an id is not in the vocabulary
     */
    public List<String> tokens(int[] ids) {
        return Arrays.stream(ids).mapToObj(this::token).toList();
    }

    /** One more than the largest id that {@link #encode} can give. */
    public int vocabularySize() {
        return vocabulary.length;
    }

    /** The tokenizer.json that this was opened from, to save it again. */
    public byte[] json() {
        return json.clone();
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                LIBRARY.deleteTokenizer(handle);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private String token(int id) {
        if (id < 0 || id >= vocabulary.length || vocabulary[id] == null) {
            throw new IllegalArgumentException(file + ": no token has the id " + id);
        }
        return vocabulary[id];
    }

    private int[] encodeAll(String text) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException(file + ": the tokenizer is closed");
            }
            long encoding = LIBRARY.encode(handle, text, true);
            try {
                return Arrays.stream(LIBRARY.getTokenIds(encoding))
                        .mapToInt(Math::toIntExact)
                        .toArray();
            } finally {
                LIBRARY.deleteEncoding(encoding);
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    /**
     * The first white space at or after a position, or the text's end. Other characters that Java calls white space are
     * control characters to BERT, which removes them and joins what they stood between.
     */
    private static int endOfWord(String text, long from) {
        int end = (int) Math.min(from, text.length());
        while (end < text.length() && " \t\n\r".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        return end;
    }

    /** They have no UTF-8 form, so that native code would fail on them. */
    private static String withoutUnpairedSurrogates(String text) {
        StringBuilder repaired = null;
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
                repaired = repaired == null ? new StringBuilder(text) : repaired;
                repaired.setCharAt(i, '\uFFFD');
            }
            i += Character.charCount(codePoint);
        }
        return repaired == null ? text : repaired.toString();
    }

    private static long create(String file, byte[] json) {
        try {
            return LIBRARY.createTokenizerFromString(new String(json, StandardCharsets.UTF_8));
        } catch (RuntimeException e) {
            throw new BadFileException(file, "is not a tokenizer that can be used: " + e.getMessage(), e);
        }
    }

    /** Loads the native library, once for the process (DJL sees to that), and from the jar only. */
    private static synchronized void loadLibrary() {
        String flavor = "RUST_FLAVOR";
        boolean chosen = System.getenv(flavor) != null || System.getProperty(flavor) != null;
        if (!chosen) {
            System.setProperty(flavor, "cpu");
        }
        try {
            LibUtils.checkStatus();
        } catch (RuntimeException | LinkageError e) {
            throw new IllegalStateException(
                    "the native library of ai.djl.huggingface:tokenizers cannot be loaded on "
                            + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ": "
                            + e.getMessage(),
                    e);
        } finally {
            if (!chosen) {
                System.clearProperty(flavor);
            }
        }
    }
}
