package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/** Strings with a number each, found char by char: a table of edges, one {@code long} each, so that a step is one look into memory. */
final class Trie {
    /** Numbers of nodes have 24 bits. */
    private static final int MOST_NODES = (1 << 24) - 1;

    static final int ROOT = 0;
    static final int NONE = -1;

    /** By chance, so that no file can be made whose edges all meet at one place. */
    private final long spread = ThreadLocalRandom.current().nextLong() | 1;

    /** {@code node << 40 | char << 24 | child}; the root is no child, so 0 is free. At most half of them are used. */
    private long[] edges = new long[64];

    private int shift = 64 - 6;
    private int[] values = new int[32];
    private int nodes = 1;

    private final String file;

    /**
     * Empty.
     *
     * @param file for messages
     */
    Trie(String file) {
        this.file = file;
        Arrays.fill(values, NONE);
    }

    /**
     * Adds a string. Of two that are the same the later counts.
     *
     * @throws BadFileException if there are more than numbers of nodes can tell apart
     */
    void put(String text, int value) {
        int node = ROOT;
        for (int i = 0; i < text.length(); i++) {
            int child = next(node, text.charAt(i));
            node = child == NONE ? add(node, text.charAt(i)) : child;
        }
        values[node] = value;
    }

    /** The node after a string, or {@link #NONE}. */
    int node(String text) {
        int node = ROOT;
        for (int i = 0; i < text.length() && node != NONE; i++) {
            node = next(node, text.charAt(i));
        }
        return node;
    }

    /** The node after a char, or {@link #NONE}. */
    int next(int node, char c) {
        long key = (long) node << 16 | c;
        int mask = edges.length - 1;
        for (int at = (int) (key * spread >>> shift); ; at = at + 1 & mask) {
            long edge = edges[at];
            if (edge >>> 24 == key && edge != 0) {
                return (int) edge & 0xFFFFFF;
            }
            if (edge == 0) {
                return NONE;
            }
        }
    }

    /** The number of the string that ends at a node, or {@link #NONE}. */
    int value(int node) {
        return values[node];
    }

    /** The number of a string, or {@link #NONE}. */
    int get(char[] text, int from, int to) {
        int node = ROOT;
        for (int i = from; i < to && node != NONE; i++) {
            node = next(node, text[i]);
        }
        return node == NONE ? NONE : values[node];
    }

    int get(String text) {
        int node = node(text);
        return node == NONE ? NONE : values[node];
    }

    private int add(int node, char c) {
        if (nodes == MOST_NODES) {
            throw new BadFileException(file, "has tokens of more than " + MOST_NODES + " different beginnings");
        }
        if (2 * nodes >= edges.length) {
            long[] old = edges;
            edges = new long[2 * old.length];
            shift--;
            for (long edge : old) {
                if (edge != 0) {
                    insert(edge);
                }
            }
        }
        if (nodes == values.length) {
            values = Arrays.copyOf(values, 2 * nodes);
            Arrays.fill(values, nodes, values.length, NONE);
        }
        insert((long) node << 40 | (long) c << 24 | nodes);
        return nodes++;
    }

    private void insert(long edge) {
        int at = (int) ((edge >>> 24) * spread >>> shift);
        while (edges[at] != 0) {
            at = at + 1 & edges.length - 1;
        }
        edges[at] = edge;
    }
}
