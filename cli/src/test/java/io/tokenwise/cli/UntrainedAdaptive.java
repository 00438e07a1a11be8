package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.model.ModelWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A text encoder whose MLPs are cut into learners, with gates that know nothing. */
final class UntrainedAdaptive {
    private UntrainedAdaptive() {}

    /** The built-in MiniLM with 8 learners, in a new folder below this one. */
    static Path ofMiniLm(Path folder) throws IOException {
        Path adaptive = folder.resolve("adaptive");
        List<String> texts = List.of(
                "A man is playing a guitar.",
                "The cat sat on the mat.",
                "Stocks fell sharply on Monday.",
                "Two dogs run through the snow.");
        write(adaptive, "minilm", 8, texts);
        return adaptive;
    }

    /**
     * Writes it as a folder.
     *
     * @param dense folder or built-in name of what it is made of
     * @param texts on which is measured which units matter
     */
    static void write(Path folder, String dense, int learners, List<String> texts) throws IOException {
        try (TextEncoder model = TextEncoder.open(dense)) {
            List<int[]> tokens = texts.stream()
                    .map(text -> model.model().files().tokenizer().encode(text).ids())
                    .toList();
            Acmizer.replace(
                    model.model().encoder().parameters(),
                    model.model().encoder().slots(),
                    AdaptiveLayers.mlps(learners),
                    () -> model.model().sessions().encode(tokens, Budget.FULL, null));
            model.model().encoder().save(folder, model.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        }
    }
}
