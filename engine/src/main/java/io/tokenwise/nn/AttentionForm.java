package io.tokenwise.nn;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.util.Optional;

/**
 * What a layer's self-attention is, apart from its weights.
 *
 * @param heads of queries
 * @param keyHeads of keys and values, each for {@code heads / keyHeads} neighbouring heads of queries; divides heads
 * @param headSize columns of a head; all heads' together may be other than the hidden size
 * @param inputBias whether Q, K and V have biases
 * @param outputBias whether O has one
 * @param scale by which scores are multiplied before the softmax
 * @param headNorm of each head's queries and keys, before positions turn them
 * @param before how many tokens before its own a token sees; {@link #ALL}
 * @param after how many after it; 0 if attention is causal
 */
public record AttentionForm(
        int heads,
        int keyHeads,
        int headSize,
        boolean inputBias,
        boolean outputBias,
        double scale,
        Optional<NormForm> headNorm,
        Positions positions,
        int before,
        int after) {
    /** As many tokens as there are. */
    public static final int ALL = Integer.MAX_VALUE;

    // Far above every published model, far below what overflows an int.
    private static final int MOST_COLUMNS = 1 << 16;

    /** @throws IllegalArgumentException if sizes do not fit each other, or are beyond all measure */
    public AttentionForm {
        if (heads < 1 || headSize < 1 || (long) heads * headSize > MOST_COLUMNS) {
            throw new IllegalArgumentException(heads + " heads of " + headSize
                    + " columns: must be at least 1 of 1, and at most " + MOST_COLUMNS + " columns in all");
        }
        if (headSize > AttentionCall.MOST_HEAD_SIZE) {
            throw new IllegalArgumentException(
                    "heads of " + headSize + " columns: at most " + AttentionCall.MOST_HEAD_SIZE);
        }
        if (keyHeads < 1 || heads % keyHeads != 0) {
            throw new IllegalArgumentException(
                    keyHeads + " heads of keys and values for " + heads + " of queries: must divide them");
        }
        if (positions instanceof Positions.Rotary rotary && rotary.rotated() > headSize) {
            throw new IllegalArgumentException(
                    "rotary positions of " + rotary.rotated() + " columns in heads of " + headSize);
        }
        if (before < 0 || after < 0) {
            throw new IllegalArgumentException(
                    "a window of " + before + " tokens before and " + after + " after a token: must be 0 or more");
        }
    }

    /** With biases and without positions, over all tokens, as Vaswani et al. 2017 have it. */
    public static AttentionForm plain(int heads, int headSize) {
        return new AttentionForm(
                heads, heads, headSize, true, true, usualScale(headSize), Optional.empty(), Positions.NONE, ALL, ALL);
    }

    /** One over the root of a head's columns. */
    public static double usualScale(int headSize) {
        return 1 / Math.sqrt(headSize);
    }

    /** The same without biases. */
    public AttentionForm withoutBiases() {
        return new AttentionForm(heads, keyHeads, headSize, false, false, scale, headNorm, positions, before, after);
    }

    /** The same with biases of Q, K and V alone. */
    public AttentionForm withoutOutputBias() {
        return new AttentionForm(
                heads, keyHeads, headSize, inputBias, false, scale, headNorm, positions, before, after);
    }

    /** The same with other positions. */
    public AttentionForm with(Positions newPositions) {
        return new AttentionForm(
                heads, keyHeads, headSize, inputBias, outputBias, scale, headNorm, newPositions, before, after);
    }

    /** The same with so many heads of keys and values. */
    public AttentionForm withKeyHeads(int newKeyHeads) {
        return new AttentionForm(
                heads, newKeyHeads, headSize, inputBias, outputBias, scale, headNorm, positions, before, after);
    }

    /** The same whose tokens see so many before and after them. */
    public AttentionForm within(int newBefore, int newAfter) {
        return new AttentionForm(
                heads, keyHeads, headSize, inputBias, outputBias, scale, headNorm, positions, newBefore, newAfter);
    }

    /** The same with another scale of scores. */
    public AttentionForm scaledBy(double newScale) {
        return new AttentionForm(
                heads, keyHeads, headSize, inputBias, outputBias, newScale, headNorm, positions, before, after);
    }

    /** The same whose heads' queries and keys have norms. */
    public AttentionForm withHeadNorm(NormForm norm) {
        return new AttentionForm(
                heads, keyHeads, headSize, inputBias, outputBias, scale, Optional.of(norm), positions, before, after);
    }

    /** Whether what a token gets depends on how far it is from others. */
    public boolean countsPlaces() {
        return !positions.equals(Positions.NONE) || before != ALL || after != ALL;
    }

    /** Whether scores of texts of so many tokens at most are what Vaswani et al. 2017 have: without biases by distance, shared keys, a scale of their own or a window. */
    public boolean hasPlainScores(int longest) {
        boolean biased = switch (positions) {
            case Positions.Slopes _, Positions.Buckets _, Positions.Relative _ -> true;
            case Positions.None _, Positions.Rotary _ -> false;
        };
        return keyHeads == heads
                && (float) scale == (float) usualScale(headSize)
                && before >= longest - 1
                && after >= longest - 1
                && !biased;
    }

    /** Multiply-adds of a token's query and key with vectors of distances, of which it has as many as the text has tokens, or fewer. */
    public double positionFlopsPerToken(int tokens) {
        return positions instanceof Positions.Relative relative
                ? 2.0 * Math.min(tokens, 2 * relative.buckets()) * width()
                : 0;
    }

    /** Columns of all queries. */
    public int width() {
        return heads * headSize;
    }

    /** Columns of all keys, and of all values. */
    public int keyWidth() {
        return keyHeads * headSize;
    }
}
