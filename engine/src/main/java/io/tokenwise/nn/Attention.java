package io.tokenwise.nn;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.FormedAttention;
import io.tokenwise.op.Rotations;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.tensor.Tensor;

/** Multi-head self-attention (Vaswani et al. 2017, section 3.2.2) over the texts of the pass's batch. */
public final class Attention implements ProjectedAttention {
    private final Linear qkv;
    private final Linear output;
    private final AttentionForm form;
    private final RotaryPositions rotary;
    private final RmsNorm queryNorm;
    private final RmsNorm keyNorm;
    private final PositionBias bias;
    private final ProjectedPositions positions;

    /** Null if attention is plain, which devices know too. */
    private final FormedAttention.Form formed;

    /**
     * @param rotary by which queries and keys are turned; null unless the form has such positions
     * @param headNorms of queries and of keys; null unless the form has them
     * @param bias null unless the form has slopes or buckets
     * @param positions null unless the form has vectors of distances
     */
    public Attention(
            Linear qkv,
            Linear output,
            AttentionForm form,
            RotaryPositions rotary,
            HeadNorms headNorms,
            PositionBias bias,
            ProjectedPositions positions) {
        this.qkv = qkv;
        this.output = output;
        this.form = form;
        this.rotary = rotary;
        this.bias = bias;
        this.positions = positions;
        int columns = form.width() + 2 * form.keyWidth();
        queryNorm = headNorms == null ? null : headNorms.queries().ofParts(columns, 0, form.heads());
        keyNorm = headNorms == null ? null : headNorms.keys().ofParts(columns, form.width(), form.keyHeads());
        formed = form.hasPlainScores(AttentionForm.ALL)
                ? null
                : new FormedAttention.Form(
                        form.heads(),
                        form.keyHeads(),
                        form.headSize(),
                        (float) form.scale(),
                        form.before(),
                        form.after(),
                        bias == null ? null : bias.values(),
                        positions == null ? null : positions.rows());
    }

    /** Norms of the queries and the keys of each head. */
    public record HeadNorms(RmsNorm queries, RmsNorm keys) {}

    /** Without positions, over all tokens. */
    public static Attention plain(Linear qkv, Linear output, int heads) {
        int headSize = output.weight().inputs() / heads;
        return new Attention(qkv, output, AttentionForm.plain(heads, headSize), null, null, null, null);
    }

    @Override
    public Linear qkv() {
        return qkv;
    }

    @Override
    public Linear output() {
        return output;
    }

    public AttentionForm form() {
        return form;
    }

    @Override
    public int heads() {
        return form.heads();
    }

    @Override
    public int rotated() {
        return rotary == null ? 0 : rotary.rotated();
    }

    @Override
    public boolean readsColumnsAnywhere() {
        return rotary == null && queryNorm == null && formed == null;
    }

    @Override
    public int keyHeads() {
        return form.keyHeads();
    }

    /** Pairs of columns that lie side by side stay together in units; norms see all of a head, and shared keys are of several heads. */
    @Override
    public boolean cutsQueries() {
        return queryNorm == null
                && bias == null
                && positions == null
                && form.keyHeads() == form.heads()
                && (rotary == null || !rotary.halves());
    }

    @Override
    public Tensor attend(Pass pass, Tensor projected) {
        Tensor x = projected;
        if (queryNorm != null) {
            x = keyNorm.replace(pass, queryNorm.replace(pass, x));
        }
        int[] offsets = pass.batch().offsets();
        int sequences = pass.batch().sequences();
        int[] places = form.countsPlaces() ? pass.batch().places() : null;
        if (rotary != null) {
            // Queries and keys, which come first.
            Rotations.of(pass, x, offsets, sequences, places, rotary, form.heads() + form.keyHeads());
        }
        SeenTokens seen = pass.given(SeenTokens.class);
        if (seen != null) {
            return form.hasPlainScores(longest(pass.batch()))
                    ? seen.attend(pass, x, form.heads())
                    : FormedAttention.ofFirst(pass, x, offsets, sequences, seen.counts(), formed);
        }
        if (formed == null) {
            return SelfAttention.of(pass, x, offsets, sequences, form.heads());
        }
        if (bias != null && bias.table() != null) {
            pass.frozen("position buckets", bias.values(), bias.table(), null);
        }
        Tensor trained = positions == null || pass.tape() == null ? null : positions.trained(pass, qkv);
        FormedAttention.Form form = trained == null ? formed : formed.with(trained);
        return FormedAttention.of(pass, x, offsets, sequences, places, form);
    }

    private static int longest(TokenBatch batch) {
        int longest = 0;
        for (int i = 0; i < batch.sequences(); i++) {
            longest = Math.max(longest, batch.length(i));
        }
        return longest;
    }

    @Override
    public void preparePositions(Stream stream) {
        if (formed != null || queryNorm != null || rotary != null && rotary.halves()) {
            FormedAttention.requireSupported(stream, toString());
        }
        if (bias != null) {
            bias.prepare();
        }
        if (positions != null) {
            positions.prepare(stream, qkv);
        }
    }

    @Override
    public void prepare(Stream stream) {
        preparePositions(stream);
        ProjectedAttention.super.prepare(stream);
    }

    @Override
    public String toString() {
        return "attention of " + qkv.weight().parameter();
    }
}
