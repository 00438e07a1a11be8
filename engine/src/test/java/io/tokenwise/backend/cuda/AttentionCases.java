package io.tokenwise.backend.cuda;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.kernels.SpeechOps;
import io.tokenwise.op.OtherAttention;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Attention of all forms, and its gradients. */
final class AttentionCases {
    private final double inferenceBound;
    private final List<Case> cases = new ArrayList<>();

    private AttentionCases(double inferenceBound) {
        this.inferenceBound = inferenceBound;
    }

    static List<Case> all() {
        var all = new AttentionCases(2e-6);
        all.shapes();
        all.training(3, 5, 1, 7, 3);
        all.training(2, 32, 70, 1);
        all.training(1, 64, 5, 66);
        all.training(2, 96, 33);
        all.attended(2, 5, false, new int[] {1, 4}, new int[] {3, 1});
        all.attended(2, 5, true, new int[] {1, 4}, new int[] {1, 4});
        all.attended(4, 36, false, new int[] {70, 3}, new int[] {5, 67});
        all.attended(2, 36, true, new int[] {68, 3}, new int[] {68, 3});
        all.attended(1, 128, false, new int[] {5}, new int[] {9});
        all.one(1, 1, 1);
        all.one(3, 5, 17);
        all.one(8, 36, 130);
        return all.cases;
    }

    /** Of inference only, on tensor cores: bfloat16 has 8 bits, and the values are of size 1. */
    static List<Case> onTensorCores() {
        var all = new AttentionCases(2e-2);
        all.shapes();
        return all.cases;
    }

    private void shapes() {
        inference(1, 1, 1);
        inference(3, 5, 1, 7, 3);
        inference(12, 32, 128, 1, 17, 65);
        inference(4, 64, 50, 64);
        inference(2, 128, 3, 70);
        inLayout(1, 8, 1);
        inLayout(3, 16, 1, 7, 3);
        inLayout(4, 32, 70, 2);
        inLayout(2, 96, 66);
    }

    private static String of(int heads, int headSize, int[] offsets) {
        return " of " + Case.lengths(offsets) + " x " + heads + " x " + headSize;
    }

    private void inference(int heads, int headSize, int... lengths) {
        int[] offsets = Case.offsets(lengths);
        int rows = offsets[lengths.length];
        int hidden = heads * headSize;
        cases.add(new Case("attention" + of(heads, headSize, offsets), inferenceBound, s -> {
            Tensor context = s.untouched(rows, hidden);
            SelfAttention.forward(
                    s.stream(), s.random(rows, 3 * hidden), offsets, lengths.length, heads, context, null);
        }));
    }

    private void inLayout(int heads, int headSize, int... lengths) {
        int[] offsets = Case.offsets(lengths);
        int rows = offsets[lengths.length];
        int units = heads * headSize / 8;
        int more = 2;
        cases.add(new Case("attention in a layout" + of(heads, headSize, offsets), inferenceBound, s -> {
            int[] all = s.different(3 * units, 3 * units + more);
            Arrays.setAll(all, i -> 8 * all[i]);
            int[] contexts = s.different(units, units + more);
            Arrays.setAll(contexts, i -> 8 * contexts[i]);
            int[] sideBySide = new int[units];
            Arrays.setAll(sideBySide, i -> 8 * (i + 1));
            int[] query = Arrays.copyOf(all, units);
            int[] key = Arrays.copyOfRange(all, units, 2 * units);
            int[] value = Arrays.copyOfRange(all, 2 * units, 3 * units);
            Tensor x = s.random(rows, 8 * (3 * units + more));
            Tensor others = s.random(rows, 8 * (units + more));
            for (var layout : List.of(
                    new AttentionLayout(query, key, value, contexts),
                    new AttentionLayout(query, key, sideBySide, sideBySide))) {
                Tensor context = s.untouched(rows, 8 * (units + more));
                Tensor values = layout.value()[0] == 8 ? others : x;
                SelfAttention.forward(s.stream(), x, x, values, layout, offsets, lengths.length, heads, context);
            }
        }));
    }

    private void training(int heads, int headSize, int... lengths) {
        int[] offsets = Case.offsets(lengths);
        int rows = offsets[lengths.length];
        int hidden = heads * headSize;
        int kept = new AttendedRows(offsets, offsets, lengths.length, 0, heads, false).probabilities();
        cases.add(new Case("attention and gradient" + of(heads, headSize, offsets), 5e-6, s -> {
            Tensor qkv = s.random(rows, 3 * hidden);
            Tensor probabilities = s.untouched(1, kept);
            SelfAttention.forward(
                    s.stream(), qkv, offsets, lengths.length, heads, s.untouched(rows, hidden), probabilities);
            Tensor dContext = s.random(rows, hidden);
            Tensor dQkv = s.untouched(rows, 3 * hidden);
            SelfAttention.backward(s.stream(), qkv, offsets, lengths.length, heads, probabilities, dContext, dQkv);
        }));
    }

    private void attended(int heads, int headSize, boolean causal, int[] queries, int[] keys) {
        int hidden = heads * headSize;
        var rows = new AttendedRows(Case.offsets(queries), Case.offsets(keys), queries.length, 3, heads, causal);
        int queryRows = rows.queryOffsets()[queries.length];
        int keyRows = rows.keyOffsets()[keys.length];
        String name = "attend" + (causal ? ", causal," : "") + of(heads, headSize, rows.queryOffsets()) + " over "
                + Arrays.toString(keys);
        cases.add(new Case(name, 5e-6, s -> {
            Tensor q = s.random(queryRows, hidden + 1);
            Tensor kv = s.random(keyRows, 2 * hidden + 4);
            Tensor probabilities = s.untouched(1, rows.probabilities());
            OtherAttention.forward(s.stream(), q, kv, rows, s.untouched(queryRows, hidden), probabilities);
            Tensor dQ = s.untouched(queryRows, hidden + 1);
            Tensor dKv = s.untouched(keyRows, 2 * hidden + 4);
            OtherAttention.backward(s.stream(), q, kv, rows, probabilities, s.random(queryRows, hidden), dQ, dKv);
        }));
    }

    private void one(int heads, int headSize, int length) {
        int hidden = heads * headSize;
        int stride = (length / SpeechOps.STEP + 2) * SpeechOps.STEP;
        cases.add(new Case("attendOne of " + length + " x " + heads + " x " + headSize, 2e-6, s -> {
            Tensor cache = s.random(2 * hidden, stride);
            Tensor query = s.random(1, hidden);
            for (int n : new int[] {length, Math.max(1, length - 1), stride}) {
                OtherAttention.one(s.stream(), query, cache, n, heads, s.untouched(1, hidden));
            }
        }));
    }
}
