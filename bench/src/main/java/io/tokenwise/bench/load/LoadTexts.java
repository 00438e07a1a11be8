package io.tokenwise.bench.load;

import io.tokenwise.TextEncoder;
import io.tokenwise.bench.TimedTexts;
import io.tokenwise.testdata.WordNet;
import java.util.ArrayList;
import java.util.List;

/**
 * The texts of a load, 16 to 128 tokens, and their vectors at full budget as the library gives them.
 *
 * @param texts {@link #PER_LENGTH} of each length, the shortest first
 * @param vectors at full budget
 */
record LoadTexts(List<String> texts, List<float[]> vectors) {
    static final int PER_LENGTH = 8;

    private static final int LEAST_TOKENS = 16;
    private static final int MOST_TOKENS = 128;
    private static final int STEP = 8;

    /** Texts of whole words of WordNet. */
    static LoadTexts of(TextEncoder encoder, WordNet wordNet) {
        var texts = new ArrayList<String>();
        for (int tokens = LEAST_TOKENS; tokens <= MOST_TOKENS; tokens += STEP) {
            TimedTexts.of(
                            String.valueOf(tokens),
                            wordNet,
                            encoder.model().files().tokenizer())
                    .calls()
                    .stream()
                    .limit(PER_LENGTH)
                    .forEach(texts::addAll);
        }
        List<float[]> vectors =
                texts.stream().map(text -> encoder.embed(text).vector()).toList();
        return new LoadTexts(List.copyOf(texts), vectors);
    }

    List<String> shortest() {
        return texts.subList(0, PER_LENGTH);
    }
}
