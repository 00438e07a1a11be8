package io.tokenwise.kernels;

/**
 * Operations that know which tokens belong to one sequence. A ragged batch is all tokens of all sequences as rows of one
 * matrix; sequence i holds rows {@code offsets[i]} (inclusive) to {@code offsets[i + 1]} (exclusive), at least one.
 */
public interface SequenceOps {
    /** Columns of a head that lie together wherever its units lie: half of the widest vector. */
    int UNIT = 8;

    /** The bits of an id that are a word; those above are its token's type. */
    int WORD = 0xFFFFFF;

    /** By how much an id is shifted to have its token's type. */
    int TYPE_SHIFT = 24;

    /**
     * {@code y[t] = scale * words[id] + positions[t - offsets[i] + positionBase] + types[type]} for the tokens of sequences {@code from} to {@code to}, id
     * and type being the lower and the upper bits of {@code ids[t]}. Tables and y have {@code columns} columns; positions and types may be null.
     */
    void embeddingSum(
            int[] ids,
            int[] offsets,
            Floats words,
            float scale,
            Floats positions,
            int positionBase,
            Floats types,
            Floats y,
            int columns,
            int from,
            int to);

    /** Adds to the tables' gradients, for columns {@code columnFrom} to {@code columnTo}, over all {@code sequences}. */
    void embeddingSumBackward(
            int[] ids,
            int[] offsets,
            int sequences,
            Floats dy,
            Floats dWords,
            float scale,
            Floats dPositions,
            int positionBase,
            Floats dTypes,
            int columns,
            int columnFrom,
            int columnTo);

    /**
     * Square images as patches: y is {@code [images * patches, 3 * patchSize ^ 2]}, patches row by row, of each first its red values, then green, then
     * blue.
     *
     * @param pixels {@code 0xRRGGBB}, image by image, row by row
     * @param values what a colour's value becomes: 256 for red, then green, then blue
     * @param from first image; they are of {@code (side * patchSize) ^ 2} pixels
     */
    void patches(int[] pixels, float[] values, int side, int patchSize, Floats y, int from, int to);

    /**
     * {@code y = [first; x] + positions} for the sequences {@code from} to {@code to}, each of {@code tokens} rows in y and positions and one
     * less in x.
     */
    void withFirst(Floats x, Floats first, Floats positions, Floats y, int tokens, int columns, int from, int to);

    /** Gradient of {@link #withFirst} for x: writes dx, {@code tokens - 1} rows for each sequence. */
    void withoutFirst(Floats dy, Floats dx, int tokens, int columns, int from, int to);

    /** Adds to the gradients of first and positions, for columns {@code columnFrom} to {@code columnTo}, over all {@code sequences}. */
    void withFirstBackward(
            Floats dy,
            Floats dFirst,
            Floats dPositions,
            int tokens,
            int sequences,
            int columns,
            int columnFrom,
            int columnTo);

    /** Mean over the tokens of each sequence: y is {@code [sequences, columns]}. */
    void meanPool(Floats x, int[] offsets, Floats y, int columns, int from, int to);

    /** Gradient of {@link #meanPool}: writes dx for every token of sequences {@code from} to {@code to}. */
    void meanPoolBackward(Floats dy, int[] offsets, Floats dx, int columns, int from, int to);

    /** {@code y[i, j]} becomes the largest {@code x[t, j]} of sequence i's tokens, if that is larger than what it was. */
    void raiseToLargest(Floats x, int[] offsets, Floats y, int columns, int from, int to);

    /** {@code y = ln(1 + y)} where y is above 0. */
    void logs(Floats y, int from, int to);

    /**
     * Scaled dot-product attention of one head of one sequence ({@code length} tokens, Vaswani et al. 2017, equation 1):
     * {@code context = softmax((Q K^T + bias) * scale) V}, of each query over the keys that it sees; the bias is a number for each distance, or what
     * {@link AttentionCall#positions} says. The context has the same bits wherever the heads' columns lie.
     */
    void attention(AttentionCall call, int sequence, int head, Scratch scratch);

    /** Gradient of {@link #attention} on {@link AttentionCall#dense} operands: writes the head's columns of dQkv for the sequence's rows. */
    void attentionBackward(AttentionCall call, int sequence, int head, Scratch scratch);

    /** The operands of attention; plain fields, so that one object serves many calls without allocation. */
    final class AttentionCall {
        /** Columns of the widest head. */
        public static final int MOST_HEAD_SIZE = VectorTiles.DEPTH;

        public int[] offsets;
        public int heads;
        public int headSize;
        public float scale;

        /** The query of the token at place i sees the keys of tokens at places {@code i - before} to {@code i + after} of its sequence. */
        public int before = Integer.MAX_VALUE;

        public int after = Integer.MAX_VALUE;

        /**
         * The place of each row in its sequence, ascending, where some tokens of the sequence have left; null where each row's place is its number in the sequence.
         */
        public int[] places;

        /**
         * Null, or of how many tokens of each sequence, its first, the keys are seen where none have left; queries of the others see those that are within their reach. A query that sees no key
         * gets zeros.
         */
        public int[] seen;

        /**
         * Null, or what is added to scores before they are scaled, {@code [heads, 2 * reach + 1]}: by how many places the key is behind the query, from -reach
         * on, and what is further away counts as reach. It has no gradient.
         */
        public Floats bias;

        public int reach;

        /**
         * Null, or what scores have of distances besides (He et al. 2021, equation 4), {@code [rows, positionStride]}: queries of distances, then their keys, both of all
         * heads; what follows them is not read. Before it is scaled, a score gets the product of its query and the distance's key, and that of its key and the
         * distance's query.
         */
        public Floats positions;

        public int positionStride;

        /**
         * Their row by how many places the key is behind the query, from the farthest before it to the farthest behind it, which only grows or only falls; an odd
         * number, and what is further away counts as that far.
         */
        public int[] positionRows;

        public final HeadColumns query = new HeadColumns();
        public final HeadColumns key = new HeadColumns();
        public final HeadColumns value = new HeadColumns();

        /** Of another matrix than the three above. */
        public final HeadColumns context = new HeadColumns();

        /**
         * Null, or where the attention probabilities are kept for the backward pass: for each sequence, at
         * {@code probabilityOffsets[i]} floats, {@code [heads, length, length]}.
         */
        public Floats probabilities;

        public long[] probabilityOffsets;
        public Floats dContext;
        public Floats dQkv;

        /** Null, or like positions: the backward pass adds to the head's columns, so sequences take turns. */
        public Floats dPositions;

        /** Place of row {@code i} of the sequence that begins at row {@code first}. */
        int place(int first, int i) {
            return places == null ? i : places[first + i];
        }

        /** How many keys of a sequence of {@code length} are seen by any query. */
        int keys(int sequence, int length) {
            return seen == null ? length : seen[sequence];
        }

        /** First of the keys that row {@code i} of a sequence, which begins at row {@code first}, sees. */
        public int firstSeen(int first, int i) {
            return places == null ? Math.max(0, i - before) : search(first, 0, i, (long) places[first + i] - before);
        }

        /** End of the keys that row {@code i} of a sequence of so many sees; not behind the first if it sees none. */
        public int endSeen(int first, int i, int keys) {
            return places == null
                    ? i + 1 + Math.min(after, keys - i - 1)
                    : search(first, i + 1, keys, (long) places[first + i] + after + 1);
        }

        /** The first row from {@code low} on, and before {@code high}, whose place is {@code place} or behind it; else {@code high}. */
        private int search(int first, int low, int high, long place) {
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (places[first + middle] < place) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low;
        }

        /** What is added to the score of a key that is {@code distance} places behind the query. */
        float bias(int head, int distance) {
            return bias.get((long) head * (2 * reach + 1) + Math.clamp(distance, -reach, reach) + reach);
        }

        /** Row of {@link #positions} for a key that is {@code distance} places behind the query. */
        int positionRow(int distance) {
            int farthest = positionRows.length / 2;
            return positionRows[Math.clamp(distance, -farthest, farthest) + farthest];
        }

        /** Where a row of {@link #positions} has the head's query. */
        long positionQuery(int row, int head) {
            return (long) row * positionStride + (long) head * headSize;
        }

        /** Where it has the head's key. */
        long positionKey(int row, int head) {
            return positionQuery(row, head) + (long) heads * headSize;
        }

        /** Q, K, V side by side in one matrix {@code [tokens, 3 * heads * headSize]}, the context {@code [tokens, heads * headSize]} or null. */
        public void dense(Floats qkv, Floats newContext) {
            int width = heads * headSize;
            query.sideBySide(qkv, 3 * width, 0, headSize);
            key.sideBySide(qkv, 3 * width, width, headSize);
            value.sideBySide(qkv, 3 * width, 2 * width, headSize);
            context.sideBySide(newContext, width, 0, headSize);
        }

        /**
         * {@link #dense} with fewer keys and values: {@code [tokens, (heads + 2 * keyHeads) * headSize]}, of which each key head serves {@code heads / keyHeads}
         * queries.
         */
        public void grouped(Floats qkv, int keyHeads, Floats newContext) {
            assert heads % keyHeads == 0;
            int width = heads * headSize;
            int keyWidth = keyHeads * headSize;
            int stride = width + 2 * keyWidth;
            query.sideBySide(qkv, stride, 0, headSize);
            key.sideBySide(qkv, stride, width, headSize, heads / keyHeads);
            value.sideBySide(qkv, stride, width + keyWidth, headSize, heads / keyHeads);
            context.sideBySide(newContext, width, 0, headSize);
        }
    }
}
