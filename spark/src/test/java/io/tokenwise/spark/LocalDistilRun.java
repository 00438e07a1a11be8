package io.tokenwise.spark;

import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.TrainingTexts;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The distillation that {@code spark/distil} compares Spark's with: one thread, without Spark's classes. {@code LocalDistilRun TEXTS COUNT STEPS OUT}; it prints the fields of a {@link Distilled}. */
public final class LocalDistilRun {
    private static final int TOKENS_PER_STEP = 768;

    private LocalDistilRun() {}

    /** What both train: dense MiniLM, as {@code minilm-acm/make} does, for fewer steps and in float32, which every CPU has. */
    static DistillSettings settings(int steps) {
        return DistillSettings.of("minilm").withTokens((long) steps * TOKENS_PER_STEP);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        DistillSettings settings = settings(Integer.parseInt(arguments[2]));
        try (ModelFiles files = Models.open(settings.teacher());
                Backend backend = Backends.open(settings.choice(), 1)) {
            var texts = new TrainingTexts(files, settings.seed(), false, TrainingTexts.MOST_TOKENS);
            Files.readAllLines(Path.of(arguments[0]))
                    .subList(0, Integer.parseInt(arguments[1]))
                    .forEach(texts::add);
            var story = new DistillStory(null);
            DistillRun run = settings.run(files, texts.sequences(), Path.of(arguments[3]));
            run.run(backend, story);
            Distilled distilled = story.end(run.config().steps());
            System.out.println(distilled.steps());
            System.out.println(distilled.agreement());
            System.out.println(distilled.spent());
            System.out.println(distilled.prepareSeconds());
            System.out.println(distilled.trainSeconds());
            System.out.println(distilled.endSeconds());
        }
    }
}
