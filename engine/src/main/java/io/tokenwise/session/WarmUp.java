package io.tokenwise.session;

import io.tokenwise.api.Budget;
import io.tokenwise.model.Encoder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Repeats work until it gets no faster: the JVM compiles what runs often, and working memory grows to what is needed. */
public final class WarmUp {
    /** A JVM that has just started needs one to three of them with a core of its own. */
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(8);

    /** Of so many rounds the median counts. */
    private static final int ROUNDS = 8;

    /** So many medians must bring nothing: what is being compiled shows late. */
    private static final int CALM = 3;

    private static final double NOTHING = 0.95;

    /** Tokens of the longest text: longer ones run nearly the same code, and one of 8,192 may take half a minute. */
    private static final int LONGEST = 512;

    private WarmUp() {}

    /** Repeats work at several budgets, or, of a dense model, at the full one. */
    public static void atBudgets(Encoder encoder, Consumer<Budget> work) {
        List<Double> shares = encoder.isAdaptive() ? List.of(1.0, 0.75, 0.5, 0.25) : List.of(1.0);
        List<Budget> budgets = shares.stream().map(encoder::budget).toList();
        repeat(() -> budgets.forEach(work));
    }

    /** Short and long texts. */
    public static List<String> texts(int maxTokens) {
        return List.of("a", "a b c d e f g h i j k l m n o p", "a b c d ".repeat(longest(maxTokens) / 4));
    }

    /** Tokens of the longest text of a model that reads so many. */
    public static int longest(int maxTokens) {
        return Math.min(maxTokens, LONGEST);
    }

    /** Returns after some seconds at the latest, or when the round that runs then ends. */
    public static void repeat(Runnable round) {
        long begin = System.nanoTime();
        long best = Long.MAX_VALUE;
        var nanos = new long[ROUNDS];
        for (int calm = 0; calm < CALM; ) {
            for (int i = 0; i < ROUNDS; i++) {
                long before = System.nanoTime();
                round.run();
                nanos[i] = System.nanoTime() - before;
                if (System.nanoTime() - begin > MOST_NANOS) {
                    return;
                }
            }
            Arrays.sort(nanos);
            long median = nanos[ROUNDS / 2];
            calm = median < NOTHING * best ? 0 : calm + 1;
            best = Math.min(best, median);
        }
    }
}
