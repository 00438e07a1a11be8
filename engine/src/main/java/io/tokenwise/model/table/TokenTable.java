package io.tokenwise.model.table;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A file's weights with one table of tokens' vectors, a row for each token and one of zeros behind them. model2vec's files may have fewer rows, of which
 * {@code mapping} says each token's, and a factor of each token, {@code weights} (model2vec/model.py at c901407, _encode_helper); here both are done. Thread-safe as the file is.
 *
 * @param table what the file calls its rows, {@code [rows, values]}
 * @param tokens how many tokens it has vectors of
 * @param mapped whether the row of each is in a tensor of its own
 * @param weighted whether a factor of each is
 */
record TokenTable(WeightSource file, String table, int tokens, boolean mapped, boolean weighted)
        implements WeightSource {
    /** What the whole is called here, and in the files of sentence-transformers. */
    static final String NAME = "embedding.weight";

    private static final String MODEL2VEC = "embeddings";
    private static final String MAPPING = "mapping";
    private static final String WEIGHTS = "weights";

    private static final int MOST_VALUES = 1 << 16;

    /** An id has 24 bits, and one more is the row of zeros. */
    private static final int MOST_TOKENS = (1 << 24) - 1;

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /**
     * The table of a file.
     *
     * @param ofModel2vec whether rows may be mapped and weighted; sentence-transformers reads neither
     * @throws BadFileException if it has none, or its tensors do not fit each other
     */
    static TokenTable of(WeightSource file, boolean ofModel2vec) {
        // Each library has the other's name too, if its own is not there.
        String own = ofModel2vec ? MODEL2VEC : NAME;
        String table = file.names().contains(own) ? own : ofModel2vec ? NAME : MODEL2VEC;
        if (!file.names().contains(table)) {
            throw new BadFileException(file.description(), "has no tensor " + own + ", the vectors of tokens");
        }
        long[] shape = file.shape(table);
        if (shape.length != 2 || shape[0] < 1 || shape[0] > MOST_TOKENS || shape[1] < 1 || shape[1] > MOST_VALUES) {
            throw refused(file, table, "[1 to " + MOST_TOKENS + " rows, 1 to " + MOST_VALUES + " values]");
        }
        boolean mapped = ofModel2vec && file.names().contains(MAPPING);
        boolean weighted = ofModel2vec && file.names().contains(WEIGHTS);
        if (mapped && !isVector(file, MAPPING)) {
            throw refused(file, MAPPING, "[1 to " + MOST_TOKENS + " tokens]");
        }
        if (mapped && !Set.of("I32", "I64").contains(file.type(MAPPING))) {
            throw new BadFileException(
                    file.description(),
                    "tensor " + MAPPING + " has dtype " + file.type(MAPPING) + "; rows of tokens are I32 or I64");
        }
        int tokens = (int) (mapped ? file.shape(MAPPING)[0] : shape[0]);
        if (weighted && !Arrays.equals(file.shape(WEIGHTS), new long[] {tokens})) {
            throw refused(file, WEIGHTS, "[" + tokens + "], a factor for each token");
        }
        return new TokenTable(file, table, tokens, mapped, weighted);
    }

    private static boolean isVector(WeightSource file, String name) {
        long[] shape = file.shape(name);
        return shape.length == 1 && shape[0] >= 1 && shape[0] <= MOST_TOKENS;
    }

    private static BadFileException refused(WeightSource file, String name, String wanted) {
        return new BadFileException(
                file.description(),
                "tensor " + name + " has shape " + Arrays.toString(file.shape(name)) + ", it must be " + wanted);
    }

    /** Of a token's vector. */
    int values() {
        return (int) file.shape(table)[1];
    }

    private int rows() {
        return (int) file.shape(table)[0];
    }

    @Override
    public String description() {
        return file.description();
    }

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(file.names());
        names.remove(table);
        names.add(NAME);
        return names;
    }

    @Override
    public long[] shape(String name) {
        return name.equals(NAME) ? new long[] {tokens + 1L, values()} : file.shape(name);
    }

    @Override
    public String type(String name) {
        return file.type(name.equals(NAME) ? table : name);
    }

    @Override
    public void read(String name, MemorySegment destination) {
        if (!name.equals(NAME)) {
            file.read(name, destination);
            return;
        }
        long row = (long) values() * Float.BYTES;
        destination.asSlice(tokens * row, row).fill((byte) 0);
        MemorySegment all = destination.asSlice(0, tokens * row);
        if (mapped) {
            readMapped(all, row);
        } else {
            file.readNumbers(table, all);
        }
        if (weighted) {
            weigh(all);
        }
    }

    private void readMapped(MemorySegment all, long row) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rows = arena.allocate(rows() * row, Float.BYTES);
            file.readNumbers(table, rows);
            MemorySegment places = arena.allocate((long) tokens * Float.BYTES, Float.BYTES);
            file.readNumbers(MAPPING, places);
            for (int token = 0; token < tokens; token++) {
                // Rows are fewer than a float has whole numbers, and what is rounded is none of them.
                float place = places.getAtIndex(FLOAT, token);
                if (place < 0 || place >= rows()) {
                    throw new BadFileException(
                            description(),
                            "tensor " + MAPPING + ": element " + token + " is " + (long) place + "; the rows of "
                                    + table + " go from 0 to " + (rows() - 1));
                }
                MemorySegment.copy(rows, (long) place * row, all, token * row, row);
            }
        }
    }

    private void weigh(MemorySegment all) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment factors = arena.allocate((long) tokens * Float.BYTES, Float.BYTES);
            file.read(WEIGHTS, factors);
            int values = values();
            for (int token = 0; token < tokens; token++) {
                float factor = factors.getAtIndex(FLOAT, token);
                for (long i = (long) token * values; i < (token + 1L) * values; i++) {
                    float product = all.getAtIndex(FLOAT, i) * factor;
                    if (!Float.isFinite(product)) {
                        throw new BadFileException(
                                description(),
                                "tensor " + WEIGHTS + ": element " + token + " is " + factor
                                        + ", which makes a vector that is not finite");
                    }
                    all.setAtIndex(FLOAT, i, product);
                }
            }
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
