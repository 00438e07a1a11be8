package io.tokenwise.bench.load;

import io.tokenwise.TextEncoder;
import io.tokenwise.serving.QueueOptions;
import java.util.ArrayList;
import java.util.List;

/** The library as a service would call it, beside which the server is measured. */
record Library(TextEncoder encoder, LoadTexts texts) {
    private static final long NANOS = 2_000_000_000L;

    /** As many as the server puts into a batch. */
    private static final int BATCH_TOKENS = QueueOptions.defaults().batchTokens();

    /** Of one short text a call, one call after the other. */
    double medianMicros() {
        List<String> shortest = texts.shortest();
        var micros = new ArrayList<Double>();
        long end = System.nanoTime() + NANOS;
        for (int i = 0; System.nanoTime() < end; i++) {
            long begin = System.nanoTime();
            encoder.embed(shortest.get(i % shortest.size()));
            micros.add((System.nanoTime() - begin) / 1e3);
        }
        return LoadRow.quantile(
                micros.stream().mapToDouble(Double::doubleValue).sorted().toArray(), 0.5);
    }

    /** In lists as large as the server's batches. */
    double textsPerSecond() {
        List<List<String>> batches = batches();
        long begin = System.nanoTime();
        int done = 0;
        for (int i = 0; System.nanoTime() - begin < NANOS; i++) {
            List<String> batch = batches.get(i % batches.size());
            encoder.embed(batch);
            done += batch.size();
        }
        return done / ((System.nanoTime() - begin) / 1e9);
    }

    /** All lengths in each. */
    private List<List<String>> batches() {
        var batches = new ArrayList<List<String>>();
        var batch = new ArrayList<String>();
        int tokens = 0;
        List<String> all = texts.texts();
        for (int i = 0; i < all.size(); i++) {
            String text = all.get(i * 7 % all.size());
            int more = encoder.countTokens(text);
            if (tokens + more > BATCH_TOKENS) {
                batches.add(List.copyOf(batch));
                batch.clear();
                tokens = 0;
            }
            batch.add(text);
            tokens += more;
        }
        return batches;
    }
}
