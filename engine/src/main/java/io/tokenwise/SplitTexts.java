package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.VectorStep;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.session.Given;
import io.tokenwise.session.OpenModel;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Texts of which long ones are read in parts, and have the mean of their parts' vectors.
 *
 * @param budgets one for each text, which each of its parts has
 */
record SplitTexts(List<TextParts> texts, List<Budget> budgets) {
    /**
     * The vectors of the texts, in their order.
     *
     * @param normalize whether means are scaled to length 1
     */
    List<float[]> encode(OpenModel.Encoding encoding, boolean normalize) {
        int[] whole = those(true);
        Iterator<float[]> ofWhole = encode(encoding, VectorLength.DESCRIBED, 0, whole);
        // An average is of vectors as they were pooled.
        Iterator<float[]> ofParts = encode(encoding, VectorLength.POOLED, whole.length, those(false));
        return texts.stream()
                .map(text -> text.isWhole() ? ofWhole.next() : mean(text, ofParts, normalize))
                .toList();
    }

    private int[] those(boolean areWhole) {
        return IntStream.range(0, texts.size())
                .filter(i -> texts.get(i).isWhole() == areWhole)
                .toArray();
    }

    /** @param done texts that were encoded before those */
    private Iterator<float[]> encode(OpenModel.Encoding encoding, VectorLength length, int done, int... those) {
        var parts = new ArrayList<int[]>();
        var ofParts = new ArrayList<Budget>();
        var of = IntStream.builder();
        for (int i : those) {
            for (int[] part : texts.get(i).parts()) {
                parts.add(part);
                ofParts.add(budgets.get(i));
                of.add(i);
            }
        }
        var given =
                new Given(InputKind.TEXT.one(), texts.size(), done, of.build().toArray());
        return List.of(encoding.encode(parts, ofParts, length, given)).iterator();
    }

    private static float[] mean(TextParts text, Iterator<float[]> vectors, boolean normalize) {
        float[] mean = text.mean(text.parts().stream().map(_ -> vectors.next()).toList());
        return normalize ? VectorStep.Normalize.scaled(mean) : mean;
    }
}
