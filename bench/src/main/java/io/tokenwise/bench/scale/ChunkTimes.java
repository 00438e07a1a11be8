package io.tokenwise.bench.scale;

import io.tokenwise.EmbedRequest;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What texts take in the chunks that Spark's tasks make, tokenizer and all, while other threads do the same: memory and caches are then as busy as on an executor. Processor time of the calling
 * threads counts, so that other work on the machine disturbs little.
 *
 * @param encoder of one thread a call, as many calls as threads
 * @param threads as many as tasks run on this machine
 */
record ChunkTimes(TextEncoder encoder, int threads) {
    /** As the Spark module takes them, by the same guess of tokens. */
    private static final int CHUNK_TOKENS = 4096;

    private static final int CHARACTERS_OF_A_TOKEN = 4;
    private static final int TOKENS_OF_A_ROW = 3;

    /** After one that is not counted. */
    private static final int PASSES = 3;

    private record Chunk(List<String> texts, List<Budget> budgets) {}

    /**
     * Microseconds a text on each core: medians.
     *
     * @param rows in each element the budgets that texts get in turn
     */
    List<Double> measure(SampledTexts sample, List<List<Double>> rows) throws InterruptedException {
        List<List<Chunk>> chunks =
                rows.stream().map(budgets -> chunks(sample, budgets)).toList();
        var times = new double[rows.size()][PASSES];
        try (ExecutorService callers = Executors.newFixedThreadPool(threads)) {
            for (int pass = -1; pass < PASSES; pass++) {
                for (int row = 0; row < rows.size(); row++) {
                    double micros = pass(callers, chunks.get(row));
                    if (pass >= 0) {
                        times[row][pass] = micros;
                    }
                }
            }
        }
        return Arrays.stream(times).map(ChunkTimes::median).toList();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** All threads embed all chunks. */
    private double pass(ExecutorService callers, List<Chunk> chunks) throws InterruptedException {
        var running = new ArrayList<Future<Long>>();
        for (int thread = 0; thread < threads; thread++) {
            running.add(callers.submit(() -> embed(chunks)));
        }
        long nanos = 0;
        for (Future<Long> one : running) {
            try {
                nanos += one.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException(
                        "a text cannot be embedded: " + e.getCause().getMessage(), e);
            }
        }
        long texts = chunks.stream().mapToLong(chunk -> chunk.texts.size()).sum();
        return nanos * 1e-3 / texts / threads;
    }

    private long embed(List<Chunk> chunks) {
        ThreadMXBean own = ManagementFactory.getThreadMXBean();
        long start = own.getCurrentThreadCpuTime();
        chunks.forEach(chunk -> encoder.embed(EmbedRequest.of(chunk.texts).withBudgets(chunk.budgets)));
        return own.getCurrentThreadCpuTime() - start;
    }

    private static List<Chunk> chunks(SampledTexts sample, List<Double> budgets) {
        var chunks = new ArrayList<Chunk>();
        var chunk = new Chunk(new ArrayList<>(), new ArrayList<>());
        int guessed = 0;
        for (int i = 0; i < sample.texts().size(); i++) {
            String text = sample.texts().get(i);
            if (guessed >= CHUNK_TOKENS) {
                chunks.add(chunk);
                chunk = new Chunk(new ArrayList<>(), new ArrayList<>());
                guessed = 0;
            }
            chunk.texts.add(text);
            chunk.budgets.add(Budget.of(budgets.get(i % budgets.size())));
            guessed += TOKENS_OF_A_ROW + text.length() / CHARACTERS_OF_A_TOKEN;
        }
        chunks.add(chunk);
        return chunks;
    }
}
