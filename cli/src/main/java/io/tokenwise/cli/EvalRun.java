package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.nn.Budget;
import java.util.List;

/** One way to run a model over the texts of a task, and what it has given and cost so far. For one thread. */
final class EvalRun {
    private final Mode mode;
    private final double budget;
    private final TextEncoder encoder;
    private final Budget how;
    private final int maxTokens;
    private final Measurement measurement;
    private double cosines;
    private long compared;

    /** Time before and after the model. */
    private long nanosAround;

    /** @param maxTokens longer texts are cut */
    EvalRun(Mode mode, double budget, TextEncoder encoder, Budget how, int maxTokens) {
        this.mode = mode;
        this.budget = budget;
        this.encoder = encoder;
        this.how = how;
        this.maxTokens = Math.min(maxTokens, encoder.tokenizer().maxTokens());
        measurement = new Measurement(encoder, how);
    }

    Mode mode() {
        return mode;
    }

    double budget() {
        return budget;
    }

    Measurement measurement() {
        return measurement;
    }

    /** The vectors of texts, measured. */
    float[][] measure(List<String> texts, Embed.Kind kind) throws InterruptedException {
        long start = System.nanoTime();
        List<int[]> tokens = tokens(texts, kind);
        nanosAround += System.nanoTime() - start;
        return measurement.encode(tokens);
    }

    /** The vectors of texts, without measuring. */
    float[][] vectors(List<String> texts, Embed.Kind kind) {
        return encoder.sessions().encode(tokens(texts, kind), how, null);
    }

    private List<int[]> tokens(List<String> texts, Embed.Kind kind) {
        String prefix = kind.prefix(encoder.description());
        return texts.stream()
                .map(text ->
                        encoder.tokenizer().encode(prefix + text, maxTokens).ids())
                .toList();
    }

    /** Does with the vectors what the task does with them: part of the time from end to end. */
    void use(Runnable work) {
        long start = System.nanoTime();
        work.run();
        nanosAround += System.nanoTime() - start;
    }

    void compare(float[][] vectors, float[][] reference) {
        cosines += reference.length * Measurement.meanCosine(vectors, reference);
        compared += reference.length;
    }

    /** Mean cosine to the dense model's vectors. */
    double meanCosine() {
        return cosines / compared;
    }

    /** From texts to the task's result: tokens, vectors and what is done with them. */
    double seconds() {
        return nanosAround / 1e9 + measurement.millis() / 1e3;
    }
}
