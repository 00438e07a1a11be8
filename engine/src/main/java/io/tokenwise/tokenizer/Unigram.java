package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.nio.charset.StandardCharsets;

/**
 * SentencePiece's unigram model (Kudo 2018): of all ways to cut a word into pieces the one with the greatest sum of scores. Ties are broken as
 * Hugging Face's tokenizers library does (src/models/unigram/model.rs, encode_optimized): the way whose last piece begins first. Thread-safe.
 */
final class Unigram implements SentencePieces.Model {
    /** Bounds the time that a char takes. The longest of published vocabularies have 16. */
    private static final int LONGEST = 1_000;

    /** What an unknown character costs more than the least likely piece; SentencePiece's kUnkPenalty. */
    private static final double UNKNOWN = 10;

    private static final int BYTES = 256;

    private final Trie trie;
    private final String[] pieces;
    private final WholeWords words;
    private final double[] scores;
    private final int unknown;
    private final double unknownScore;

    /** The pieces that stand for bytes; null if unknown characters are one token. */
    private final int[] bytes;

    /**
     * @param pieces by id
     * @param table of the same
     * @param unknown id of what is in no piece
     * @param byteFallback whether characters in no piece become the bytes that they are made of, where the vocabulary has those
     */
    Unigram(String file, String[] pieces, PieceTable table, double[] scores, int unknown, boolean byteFallback) {
        trie = new Trie(file);
        double least = Double.POSITIVE_INFINITY;
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id].isEmpty() || pieces[id].length() > LONGEST) {
                throw new BadFileException(
                        file,
                        "model.vocab: piece " + id + " has " + pieces[id].length() + " chars; supported: 1 to "
                                + LONGEST);
            }
            trie.put(pieces[id], id);
            least = Math.min(least, scores[id]);
        }
        this.pieces = pieces;
        words = new WholeWords(table, pieces.length, this::staysWhole);
        this.scores = scores;
        this.unknown = unknown;
        this.unknownScore = least - UNKNOWN;
        this.bytes = byteFallback ? bytes() : null;
    }

    /** Of a byte that the vocabulary lacks {@link Trie#NONE}. */
    private int[] bytes() {
        var ids = new int[BYTES];
        for (int i = 0; i < BYTES; i++) {
            ids[i] = trie.get(String.format("<0x%02X>", i));
        }
        return ids;
    }

    @Override
    public void encode(char[] text, int from, int to, Tokens work, Symbols out) {
        int piece = words.find(text, from, to);
        if (piece >= 0) {
            out.add(piece, from, to);
        } else {
            cut(text, from, to, work.lattice(), out);
        }
    }

    private boolean staysWhole(int piece) {
        var symbols = new Symbols();
        cut(pieces[piece].toCharArray(), 0, pieces[piece].length(), new Lattice(), symbols);
        return symbols.count == 1 && symbols.ids[0] == piece;
    }

    private void cut(char[] text, int from, int end, Lattice to, Symbols out) {
        int length = end - from;
        to.begin(length);
        for (int start = 0; start < length; ) {
            int next = start + characterAt(text, from + start, end);
            double score = to.scores[start];
            boolean single = false;
            int node = Trie.ROOT;
            for (int at = start; at < length; ) {
                node = trie.next(node, text[from + at++]);
                if (node == Trie.NONE) {
                    break;
                }
                int id = trie.value(node);
                if (id != Trie.NONE) {
                    way(to, start, at, id, scores[id] + score);
                    single |= at == next;
                }
            }
            if (!single) {
                way(to, start, next, unknown, unknownScore + score);
            }
            start = next;
        }
        tokens(text, from, length, to, out);
    }

    private static int characterAt(char[] text, int at, int end) {
        boolean pair = Character.isHighSurrogate(text[at]) && at + 1 < end && Character.isLowSurrogate(text[at + 1]);
        return pair ? 2 : 1;
    }

    private static void way(Lattice to, int start, int at, int id, double score) {
        if (to.froms[at] < 0 || score > to.scores[at]) {
            to.scores[at] = score;
            to.froms[at] = start;
            to.pieces[at] = id;
        }
    }

    /** Walks the best way back, turns it round, and makes one of unknown pieces in a row. */
    private void tokens(char[] text, int from, int length, Lattice ways, Symbols out) {
        int next = length;
        for (int at = length; at > 0; ) {
            int before = ways.froms[at];
            ways.froms[at] = next;
            next = at;
            at = before;
        }
        for (int start = 0, at = next; start < length; ) {
            int id = ways.pieces[at];
            if (id == unknown) {
                while (at < length && ways.pieces[ways.froms[at]] == unknown) {
                    at = ways.froms[at];
                }
                unknown(text, from + start, from + at, out);
            } else {
                out.add(id, from + start, from + at);
            }
            start = at;
            at = ways.froms[at];
        }
    }

    /** Characters without a piece: together they can be one, which then is too unlikely, or they are bytes. */
    private void unknown(char[] text, int from, int to, Symbols out) {
        int id = trie.get(text, from, to);
        if (id == Trie.NONE && bytes != null && fallBack(text, from, to, out)) {
            return;
        }
        out.add(id == Trie.NONE ? unknown : id, from, to);
    }

    /** All bytes have the place of all characters, as in the library. */
    private boolean fallBack(char[] text, int from, int to, Symbols out) {
        byte[] utf8 = new String(text, from, to - from).getBytes(StandardCharsets.UTF_8);
        for (byte b : utf8) {
            if (bytes[b & 0xFF] == Trie.NONE) {
                return false;
            }
        }
        for (byte b : utf8) {
            out.add(bytes[b & 0xFF], from, to);
        }
        return true;
    }
}
