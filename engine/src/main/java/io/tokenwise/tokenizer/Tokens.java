package io.tokenwise.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The tokens of a text as they are found, with their places if somebody asks. */
final class Tokens implements ByteLevel.Sink {
    private final int most;
    private final List<Tokenizer.Place> places;

    /** Which of the places are of tokens that were found as they stand, with what was found, as normalizers left it. */
    private final NavigableMap<Integer, String> asTheyStand = new TreeMap<>();

    private int[] ids = new int[32];
    private int size;

    /** The text that places are in, if it is not the caller's own. */
    private Normalized normalized;

    private long normalizedChars;

    /** Work areas, made when they are needed and kept for the next word. */
    private Lattice lattice;

    private Symbols symbols;
    private char[] chars = {};

    private Tokens(int most, List<Tokenizer.Place> places) {
        this.most = most;
        this.places = places;
    }

    /** More than {@code most} are not wanted. */
    static Tokens ids(int most) {
        return new Tokens(most, null);
    }

    static Tokens withPlaces() {
        return new Tokens(Integer.MAX_VALUE, new ArrayList<>());
    }

    /** Which text places are in from now on; null for that of the caller. */
    void in(Normalized text) {
        normalized = text;
        normalizedChars += text == null ? 0 : text.length();
    }

    /** Chars of all texts that places were in. */
    long normalizedChars() {
        return normalizedChars;
    }

    /** Where in the caller's text a char comes from. */
    int origin(int at) {
        return normalized == null ? at : normalized.start(at);
    }

    @Override
    public void token(int id, int start, int end) {
        add(id);
        if (places != null) {
            places.add(
                    normalized == null
                            ? new Tokenizer.Place(id, start, end)
                            : new Tokenizer.Place(
                                    id,
                                    start < end ? normalized.start(start) : normalized.end(end - 1),
                                    normalized.end(end - 1)));
        }
    }

    /** A token that was found as it stands, with the white space that it takes. */
    void asItStands(int id, String text, int start, int end) {
        token(id, start, end);
        if (places != null) {
            asTheyStand.put(size - 1, text.substring(start, end));
        }
    }

    /** Which of the places are of such tokens, with what was found. */
    Map<Integer, String> asTheyStand() {
        return asTheyStand;
    }

    /** Whether somebody asks for places. */
    boolean wantsPlaces() {
        return places != null;
    }

    private void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
        }
        ids[size++] = id;
    }

    /** Takes tokens back until there are so many. */
    void cut(int newSize) {
        if (places != null) {
            places.subList(newSize, size).clear();
            asTheyStand.tailMap(newSize, true).clear();
        }
        size = newSize;
    }

    int size() {
        return size;
    }

    @Override
    public boolean full() {
        return size > most;
    }

    int[] ids() {
        return Arrays.copyOf(ids, size);
    }

    List<Tokenizer.Place> places() {
        return places;
    }

    /** Room for so many chars, whatever was in it. */
    char[] chars(int most) {
        if (chars.length < most) {
            chars = new char[Math.max(most, 256)];
        }
        return chars;
    }

    Lattice lattice() {
        if (lattice == null) {
            lattice = new Lattice();
        }
        return lattice;
    }

    /** Empty. */
    Symbols symbols() {
        if (symbols == null) {
            symbols = new Symbols();
        }
        symbols.count = 0;
        return symbols;
    }
}
