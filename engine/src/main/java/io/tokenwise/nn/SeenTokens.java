package io.tokenwise.nn;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.op.OtherAttention;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/**
 * Of each text of a batch the first tokens, which all of it attend to; those after them nobody sees, not even themselves, but vectors come out of them: so transformers treats
 * tokens whose attention_mask is 0.
 *
 * @param counts of each text how many tokens are seen
 * @param offsets cut the rows of the tokens that are seen into texts
 * @param rows which these are among all
 */
public record SeenTokens(int[] counts, int[] offsets, int[] rows) {
    /**
     * Of a batch.
     *
     * @param from the text among the counts that is the batch's first
     * @param counts of each text how many tokens are seen, at least 1
     */
    public static SeenTokens of(TokenBatch batch, int from, int... counts) {
        var offsets = new int[batch.sequences() + 1];
        for (int i = 0; i < batch.sequences(); i++) {
            if (counts[from + i] < 1 || counts[from + i] > batch.length(i)) {
                throw new IllegalArgumentException("of a text of " + batch.length(i) + " tokens " + counts[from + i]
                        + " are to be seen: must be 1 to all");
            }
            offsets[i + 1] = offsets[i] + counts[from + i];
        }
        var rows = new int[offsets[batch.sequences()]];
        for (int i = 0; i < batch.sequences(); i++) {
            for (int k = offsets[i]; k < offsets[i + 1]; k++) {
                rows[k] = batch.offsets()[i] + k - offsets[i];
            }
        }
        return new SeenTokens(Arrays.copyOfRange(counts, from, from + batch.sequences()), offsets, rows);
    }

    /** Of Q, K and V side by side the heads' results, by attention without anything else that is particular. */
    Tensor attend(Pass pass, Tensor qkv, int heads) {
        pass.frozen("attention with hidden tokens", qkv);
        TokenBatch batch = pass.batch();
        Tensor seen = pass.tensor(rows.length, qkv.columns());
        TakenRows.forward(pass.stream(), qkv, rows, seen);
        int width = qkv.columns() / 3;
        var attended = new AttendedRows(batch.offsets(), offsets, batch.sequences(), width, heads, false);
        return OtherAttention.of(pass, qkv, seen, attended, width);
    }
}
