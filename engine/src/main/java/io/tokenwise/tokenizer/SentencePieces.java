package io.tokenwise.tokenizer;

/**
 * SentencePiece's way from a text to tokens: spaces become a mark, words begin with it, and each word, or the text as a whole, is cut by a model.
 * Thread-safe.
 */
final class SentencePieces implements Pieces {
    /** What SentencePiece writes for a space. */
    static final char MARK = '\u2581';

    private final Splitting splitting;
    private final Model model;

    /** Where a text is cut before the model sees it. */
    sealed interface Splitting {}

    /**
     * Not at all, or after each space.
     *
     * @param afterSpaces whether it is cut there
     */
    record Plain(boolean afterSpaces) implements Splitting {}

    /**
     * The library's Metaspace.
     *
     * @param mark what stands for a space
     * @param first whether the mark is set before the begin of a text
     * @param always whether it is set before what comes after an added token too
     * @param words whether each mark begins a word
     */
    record Metaspace(char mark, boolean first, boolean always, boolean words) implements Splitting {}

    /** Cuts a word. */
    interface Model {
        /** Adds the tokens of a word. */
        void encode(char[] text, int from, int to, Tokens work, Symbols out);

        /** Whether a text may be cut before a char, though nothing says so, because nothing changes by it. */
        default boolean beginsWord(char[] text, int at) {
            return false;
        }
    }

    SentencePieces(Splitting splitting, Model model) {
        this.splitting = splitting;
        this.model = model;
    }

    @Override
    public boolean asksForPlaces() {
        return splitting instanceof Metaspace metaspace && metaspace.first();
    }

    @Override
    public void encode(String text, int from, int to, Tokens out) {
        switch (splitting) {
            case Plain plain -> plain(text, from, to, plain.afterSpaces(), out);
            case Metaspace metaspace -> marked(text, from, to, metaspace, out);
        }
    }

    private void plain(String text, int from, int to, boolean afterSpaces, Tokens out) {
        var chars = new char[to - from];
        text.getChars(from, to, chars, 0);
        for (int start = 0; start < chars.length && !out.full(); ) {
            int end = start + 1;
            while (end < chars.length && !(afterSpaces && chars[end - 1] == ' ') && !model.beginsWord(chars, end)) {
                end++;
            }
            Symbols symbols = out.symbols();
            model.encode(chars, start, end, out, symbols);
            for (int i = 0; i < symbols.count; i++) {
                out.token(symbols.ids[i], symbols.starts[i] + from, symbols.ends[i] + from);
            }
            start = end;
        }
    }

    private void marked(String text, int from, int to, Metaspace metaspace, Tokens out) {
        if (from == to) {
            return;
        }
        char mark = metaspace.mark();
        char begin = text.charAt(from);
        boolean wanted = metaspace.always() || metaspace.first() && out.origin(from) == 0;
        int added = wanted && begin != ' ' && begin != mark ? 1 : 0;
        var chars = new char[to - from + added];
        chars[0] = mark;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            chars[i - from + added] = c == ' ' ? mark : c;
        }
        // The mark that was put in has the place of the character after it.
        int least = from + Character.charCount(text.codePointAt(from));
        for (int start = 0; start < chars.length && !out.full(); ) {
            int end = start + 1;
            while (end < chars.length && !(metaspace.words() && chars[end] == mark) && !model.beginsWord(chars, end)) {
                end++;
            }
            Symbols symbols = out.symbols();
            model.encode(chars, start, end, out, symbols);
            for (int i = 0; i < symbols.count; i++) {
                int first = symbols.starts[i] - added + from;
                int last = symbols.ends[i] - added + from;
                out.token(symbols.ids[i], Math.max(first, from), last <= from ? least : last);
            }
            start = end;
        }
    }
}
