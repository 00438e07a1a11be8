package io.tokenwise.spark;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A process that embeds its share of the texts by the library alone, on one thread: what {@code spark/cluster} compares Spark with. {@code LibraryRun TEXTS COUNT FIRST STEP HASHES}; when it has warmed up
 * by a tenth it says how long its start took, begins when it is told to, says how many seconds it took, and writes a hash of each vector.
 */
public final class LibraryRun {
    /** Budgets that texts get in turn. */
    static final int SHARES = 4;

    private static final int CALL = 256;

    private LibraryRun() {}

    public static void main(String[] arguments) throws IOException {
        int count = Integer.parseInt(arguments[1]);
        int first = Integer.parseInt(arguments[2]);
        int step = Integer.parseInt(arguments[3]);
        List<String> texts = Files.readAllLines(Path.of(arguments[0])).subList(0, count);
        try (var encoder =
                TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1))) {
            encoder.embed(texts.get(first));
            double started = secondsSinceStart();
            embed(encoder, texts.subList(0, count / 10), first, step);
            System.out.println(started);
            if (System.in.read() < 0) {
                return;
            }
            long start = System.nanoTime();
            List<Embedding> embeddings = embed(encoder, texts, first, step);
            System.out.println((System.nanoTime() - start) / 1e9);
            try (var out =
                    new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(Path.of(arguments[4]))))) {
                for (Embedding embedding : embeddings) {
                    out.writeLong(hash(embedding.vector()));
                }
            }
            // Its CPU time is read meanwhile.
            System.in.read();
        }
    }

    static double secondsSinceStart() {
        return (System.currentTimeMillis()
                        - ManagementFactory.getRuntimeMXBean().getStartTime())
                / 1e3;
    }

    private static List<Embedding> embed(TextEncoder encoder, List<String> texts, int first, int step) {
        var embeddings = new ArrayList<Embedding>();
        var call = new ArrayList<String>();
        var budgets = new ArrayList<Budget>();
        for (int i = first; i < texts.size(); i += step) {
            call.add(texts.get(i));
            Double share = share(i);
            budgets.add(share == null ? Budget.FULL : Budget.of(share));
            if (call.size() == CALL || i + step >= texts.size()) {
                embeddings.addAll(encoder.embed(call, budgets));
                call.clear();
                budgets.clear();
            }
        }
        return embeddings;
    }

    /** Each text's budget by its number, a fourth has none; both of two processes, which take every second text, have as much to do. */
    static Double share(int text) {
        return switch (text / 2 % SHARES) {
            case 0 -> 0.35;
            case 1 -> 0.5;
            case 2 -> 0.7;
            default -> null;
        };
    }

    /** Of all bits. */
    static long hash(float[] vector) {
        long hash = 0;
        for (float value : vector) {
            hash = 0x9E3779B97F4A7C15L * (Long.rotateLeft(hash, 5) ^ Float.floatToRawIntBits(value));
        }
        return hash;
    }
}
