package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The tokens that a model wants around a text, or around and between two.
 *
 * @param before ids before a text
 * @param after ids after it
 * @param pair the form for two texts; empty if the model has none
 */
public record Frame(int[] before, int[] after, Optional<Pair> pair) {
    /** No tokens, and no form for two texts. */
    static final Frame NONE = new Frame(new int[0], new int[0], Optional.empty());

    /**
     * The form for two texts; ids carry their type ({@link TokenTypes}).
     *
     * @param firstType the type of the first text's tokens
     */
    public record Pair(int[] before, int[] between, int[] after, int firstType, int secondType) {
        /** How many ids it adds. */
        public int marks() {
            return before.length + between.length + after.length;
        }

        /** Both texts in their frame, cut to the counts that are given. */
        int[] around(int[] first, int firstCount, int[] second, int secondCount) {
            var all = new int[marks() + firstCount + secondCount];
            int at = put(before, before.length, 0, all, 0);
            at = put(first, firstCount, firstType, all, at);
            at = put(between, between.length, 0, all, at);
            at = put(second, secondCount, secondType, all, at);
            put(after, after.length, 0, all, at);
            return all;
        }

        private int mostType() {
            IntStream marks = Stream.of(before, between, after)
                    .flatMapToInt(IntStream::of)
                    .map(TokenTypes::type);
            return Math.max(Math.max(firstType, secondType), marks.max().orElse(0));
        }

        private Pair withoutTypes() {
            return new Pair(ids(before), ids(between), ids(after), 0, 0);
        }

        private static int[] ids(int... typed) {
            return IntStream.of(typed).map(TokenTypes::id).toArray();
        }

        private static int put(int[] ids, int count, int type, int[] to, int at) {
            for (int i = 0; i < count; i++) {
                to[at + i] = TokenTypes.of(ids[i], type);
            }
            return at + count;
        }
    }

    /**
     * The same for a model that knows so many types.
     *
     * @throws BadFileException if that are several and the form for pairs has others
     */
    Frame within(int types, String file) {
        if (pair.isEmpty() || pair.get().mostType() < types) {
            return this;
        }
        if (types > 1) {
            throw new BadFileException(
                    file,
                    "gives tokens of pairs the type " + pair.get().mostType() + ", the model has only 0 to "
                            + (types - 1));
        }
        return new Frame(before, after, pair.map(Pair::withoutTypes));
    }

    /** How many ids it adds to one text. */
    public int marks() {
        return before.length + after.length;
    }

    /** The first of a text's ids in their frame. */
    int[] around(int[] ids, int count) {
        var all = new int[marks() + count];
        System.arraycopy(before, 0, all, 0, before.length);
        System.arraycopy(ids, 0, all, before.length, count);
        System.arraycopy(after, 0, all, before.length + count, after.length);
        return all;
    }
}
