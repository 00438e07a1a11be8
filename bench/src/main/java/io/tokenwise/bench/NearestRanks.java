package io.tokenwise.bench;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * At which rank each query finds its one target among many vectors, by dot products: as many as a search without an index takes, in our
 * own float32 products.
 */
final class NearestRanks {
    private static final int BLOCK = 4096;
    private static final int QUERIES = 1024;

    private final float[][] queries;
    private final int[] targets;
    private final float[] targetScores;
    private final int[] ranks;

    private NearestRanks(float[][] queries, int[] targets) {
        this.queries = queries;
        this.targets = targets;
        targetScores = new float[queries.length];
        ranks = new int[queries.length];
        Arrays.fill(ranks, 1);
    }

    /**
     * The ranks, from 1. Of vectors that are as near as the target those with lower numbers come before it.
     *
     * @param backend that multiplies in float32
     * @param vectors {@code [documents][hidden]}
     * @param queries {@code [queries][hidden]}
     * @param targets of each query the number of the vector that it should find
     */
    static int[] of(Backend backend, float[][] vectors, float[][] queries, int[] targets) {
        var search = new NearestRanks(queries, targets);
        // Twice, because a target's score must be known, from the very same sums, before others are compared with it.
        search.eachBlock(backend, vectors, search::findTargets);
        search.eachBlock(backend, vectors, search::count);
        return search.ranks;
    }

    /** What is done with a block of documents. */
    private interface Work {
        void on(Stream stream, Workspace workspace, PackedMatrix block, int from, int count);
    }

    private void eachBlock(Backend backend, float[][] vectors, Work work) {
        Stream stream = backend.stream();
        int hidden = vectors[0].length;
        for (int from = 0; from < vectors.length; from += BLOCK) {
            int count = Math.min(BLOCK, vectors.length - from);
            try (Arena arena = Arena.ofShared();
                    var workspace = backend.workspace(Long.MAX_VALUE)) {
                Tensor block = backend.allocate(arena, count, hidden);
                fill(stream, block, vectors, IntStream.range(from, from + count).toArray());
                PackedMatrix packed = backend.allocatePacked(arena, hidden, count);
                stream.pack(block, true, packed);
                work.on(stream, workspace, packed, from, count);
            }
        }
    }

    private void findTargets(Stream stream, Workspace workspace, PackedMatrix block, int from, int count) {
        int[] here = IntStream.range(0, queries.length)
                .filter(q -> targets[q] >= from && targets[q] < from + count)
                .toArray();
        scores(
                stream,
                workspace,
                block,
                count,
                here,
                (query, scores, row) -> targetScores[query] = scores.get(row, targets[query] - from));
    }

    private void count(Stream stream, Workspace workspace, PackedMatrix block, int from, int count) {
        int[] all = IntStream.range(0, queries.length).toArray();
        scores(stream, workspace, block, count, all, (query, scores, row) -> {
            float target = targetScores[query];
            int before = targets[query] - from;
            int nearer = 0;
            for (int d = 0; d < count; d++) {
                float score = scores.get(row, d);
                if (score > target || score == target && d < before) {
                    nearer++;
                }
            }
            ranks[query] += nearer;
        });
    }

    /** Told each query's row of scores. */
    private interface Scored {
        void on(int query, HostTensor scores, int row);
    }

    private void scores(
            Stream stream, Workspace workspace, PackedMatrix block, int count, int[] numbers, Scored scored) {
        for (int from = 0; from < numbers.length; from += QUERIES) {
            int[] some = Arrays.copyOfRange(numbers, from, Math.min(numbers.length, from + QUERIES));
            workspace.reset();
            Tensor x = workspace.tensor(some.length, queries[0].length);
            fill(stream, x, queries, some);
            Tensor y = workspace.tensor(some.length, count);
            stream.linear(x, block, null, false, null, y);
            try (HostTensor values = stream.read(y)) {
                for (int row = 0; row < some.length; row++) {
                    scored.on(some[row], values, row);
                }
            }
        }
    }

    private static void fill(Stream stream, Tensor tensor, float[][] vectors, int[] numbers) {
        try (HostTensor values = stream.write(tensor)) {
            for (int row = 0; row < numbers.length; row++) {
                float[] vector = vectors[numbers[row]];
                for (int i = 0; i < vector.length; i++) {
                    values.set(row, i, vector[i]);
                }
            }
        }
    }
}
