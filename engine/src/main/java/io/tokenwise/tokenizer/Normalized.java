package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.Arrays;

/**
 * A text on its way through normalizers: its chars, and of each the chars of the caller's text that it comes from. A normalizer reads
 * {@link #charAt} from the first char to the last and writes the whole text anew between {@link #begin} and {@link #end}, as the
 * transform of Hugging Face's tokenizers library does (src/tokenizer/normalizer.rs), so that places are those of the library.
 */
final class Normalized {
    /** How many chars all steps together may make of each: NFKD makes 18 of one, no published file more. */
    private static final int MOST_GROWTH = 64;

    /** What even a short text may become. */
    private static final int MOST_OF_ANY = 1 << 16;

    /** What becomes of the longest text: of each char there may be three bytes after that, in arrays that are doubled. */
    private static final int MOST_CHARS = 1 << 28;

    private final String file;

    /** Chars that steps may make of all of the text. */
    private final int most;

    /** Those of the parts before. */
    private final long made;

    private final int origin;
    private char[] chars;
    private int[] starts;
    private int[] ends;
    private int length;

    /** Whether somebody asks where chars come from. */
    private final boolean places;

    private char[] newChars = {};
    private int[] newStarts = {};
    private int[] newEnds = {};
    private int newLength;

    /** What is read up to here is written. */
    private int at;

    /** The last character written and its change, which may still grow; -1 if there is none. */
    private int pending;

    private int change;

    /**
     * A part of a text; unpaired surrogates are left out.
     *
     * @param file whose normalizers change it, for messages
     * @param places whether {@link #start} and {@link #end} are asked for
     * @param made chars that were made of the parts before
     */
    Normalized(String file, String text, int from, int to, boolean places, long made) {
        this.file = file;
        this.made = made;
        most = (int) Math.min(MOST_OF_ANY + (long) MOST_GROWTH * text.length(), MOST_CHARS);
        origin = from;
        this.places = places;
        int room = to - from + 16;
        chars = new char[room];
        starts = new int[places ? room : 0];
        ends = new int[starts.length];
        for (int i = from; i < to; ) {
            int next = i + 1;
            if (Character.isSurrogate(text.charAt(i))) {
                boolean pair = next < to && Character.isSurrogatePair(text.charAt(i), text.charAt(next));
                if (!pair) {
                    i = next;
                    continue;
                }
                next++;
            }
            for (int j = i; j < next; j++) {
                if (places) {
                    starts[length] = i;
                    ends[length] = next;
                }
                chars[length++] = text.charAt(j);
            }
            i = next;
        }
    }

    /** All of a text. */
    Normalized(String file, String text, boolean places) {
        this(file, text, 0, text.length(), places, 0);
    }

    int length() {
        return length;
    }

    char charAt(int i) {
        return chars[i];
    }

    int codePointAt(int i) {
        return Character.codePointAt(chars, i, length);
    }

    /** Where in the caller's text a char comes from. */
    int start(int i) {
        return starts[i];
    }

    int end(int i) {
        return ends[i];
    }

    boolean isAscii() {
        for (int i = 0; i < length; i++) {
            if (chars[i] >= 128) {
                return false;
            }
        }
        return true;
    }

    String substring(int from, int to) {
        return new String(chars, from, to - from);
    }

    @Override
    public String toString() {
        return new String(chars, 0, length);
    }

    /** Another char instead of each of one kind. */
    void replace(char wanted, char by) {
        for (int i = 0; i < length; i++) {
            if (chars[i] == wanted) {
                chars[i] = by;
            }
        }
    }

    /** Puts a char before the first, which has that one's place. */
    void prepend(char c) {
        if (length == chars.length) {
            chars = Arrays.copyOf(chars, length + 16);
            starts = Arrays.copyOf(starts, places ? chars.length : 0);
            ends = Arrays.copyOf(ends, starts.length);
        }
        System.arraycopy(chars, 0, chars, 1, length);
        if (places) {
            System.arraycopy(starts, 0, starts, 1, length);
            System.arraycopy(ends, 0, ends, 1, length);
        }
        chars[0] = c;
        length++;
    }

    /** Begins to write the text anew; so many of its first characters are left out. */
    void begin(int leftOut) {
        if (newChars.length < length + 16) {
            newChars = new char[length + 16];
            newStarts = new int[places ? length + 16 : 0];
            newEnds = new int[newStarts.length];
        }
        at = 0;
        newLength = 0;
        pending = -1;
        skip(leftOut);
    }

    /**
     * Writes a character.
     *
     * @param grown 0 if it stands for the next one of the text, 1 if it is put in, -n if it stands for the next one and n more
     */
    void put(int c, int grown) {
        flush();
        pending = c;
        change = grown;
    }

    /** Writes characters in the place of the next ones of the text, which count as one change. */
    void replace(int count, int[] by, int length) {
        for (int i = 0; i < length; i++) {
            put(by[i], i < count ? 0 : 1);
        }
        if (length < count && pending >= 0) {
            change += length - count;
        }
    }

    /** Leaves the next character out; it counts as a change of the one before it. */
    void remove() {
        if (pending < 0) {
            skip(1);
        } else {
            change--;
        }
    }

    /** Leaves the next characters out; what is put in after them comes from the last of them. */
    void drop(int characters) {
        flush();
        skip(characters);
    }

    /** Writes the rest. */
    void end() {
        flush();
        refuseMoreThanMost(newLength);
        char[] oldChars = chars;
        int[] oldStarts = starts;
        int[] oldEnds = ends;
        chars = newChars;
        starts = newStarts;
        ends = newEnds;
        length = newLength;
        newChars = oldChars;
        newStarts = oldStarts;
        newEnds = oldEnds;
    }

    private void flush() {
        if (pending < 0) {
            return;
        }
        int size = Character.charCount(pending);
        if (newLength + size > newChars.length) {
            refuseMoreThanMost(newLength + size);
            int room = (int) Math.min(2L * newChars.length, most);
            newChars = Arrays.copyOf(newChars, room);
            newStarts = Arrays.copyOf(newStarts, places ? room : 0);
            newEnds = Arrays.copyOf(newEnds, newStarts.length);
        }
        if (places) {
            place(size);
        }
        Character.toChars(pending, newChars, newLength);
        newLength += size;
        pending = -1;
    }

    private void refuseMoreThanMost(int chars) {
        if (made + chars > most) {
            throw new BadFileException(
                    file,
                    "normalizer makes more than " + most + " chars of a text; supported: up to " + MOST_GROWTH
                            + " of each, and " + MOST_OF_ANY);
        }
    }

    /** Notes where the pending character comes from. */
    private void place(int size) {
        int start = origin;
        int end = origin;
        if (change > 0) {
            if (at > 0) {
                start = starts[at - 1];
                end = ends[at - 1];
            }
        } else {
            int here = Math.min(at, length - 1);
            start = starts[here];
            end = ends[here];
            skip(1 - change);
        }
        for (int i = 0; i < size; i++) {
            newStarts[newLength + i] = start;
            newEnds[newLength + i] = end;
        }
    }

    private void skip(int characters) {
        for (int i = 0; i < characters && at < length; i++) {
            at += Character.charCount(codePointAt(at));
        }
    }
}
