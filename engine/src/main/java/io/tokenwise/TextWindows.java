package io.tokenwise;

import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/** The parts in which a model reads the tokens of a text of any length, so that each token is seen between others. */
record TextWindows(List<Window> windows) {
    /** Of a window's tokens, at each side, this share is there for the others' sake. */
    private static final int CONTEXT = 8;

    /**
     * Tokens from {@code from} to {@code to} are read, of which those from {@code first} to {@code end} are this window's own.
     */
    record Window(int from, int to, int first, int end) {}

    /**
     * Of a text's tokens; every one is some window's own, and no window begins within a word unless a word is longer than one.
     *
     * @param room tokens of a window
     */
    static TextWindows of(int[] ids, Tokenizer tokenizer, int room) {
        var windows = new ArrayList<Window>();
        int context = room / CONTEXT;
        int from = 0;
        for (int first = 0; first < ids.length; ) {
            int to = Math.min(ids.length, from + room);
            int end = to == ids.length ? to : wordStart(ids, tokenizer, first, to - context);
            windows.add(new Window(from, to, first, end));
            from = Math.max(from, end - context);
            while (from < end && tokenizer.continuesWord(ids[from])) {
                from++;
            }
            first = end;
        }
        return new TextWindows(List.copyOf(windows));
    }

    /** Where the word begins that a token is of; the token itself if all is one word. */
    private static int wordStart(int[] ids, Tokenizer tokenizer, int first, int token) {
        int start = token;
        while (start > first && tokenizer.continuesWord(ids[start])) {
            start--;
        }
        return start == first ? token : start;
    }
}
