package io.tokenwise.serving;

import java.util.Arrays;
import java.util.List;

/** When workers are free, as predicted: a batch that takes long keeps one of them from work, and no other. Immutable. */
final class Workers {
    /** From now on, ascending. */
    private final double[] freeMicros;

    /** @param running at most one batch for each */
    Workers(int count, List<? extends Batch<?>> running, long nowNanos) {
        freeMicros = new double[count];
        for (int i = 0; i < running.size(); i++) {
            freeMicros[i] = Math.max(0, running.get(i).endNanos() - nowNanos) / 1000.0;
        }
        Arrays.sort(freeMicros);
    }

    /** From now on, when they have done so much work of one thread together, each from when it is free. */
    double doneMicros(double work) {
        double sum = 0;
        int used = 0;
        do {
            sum += freeMicros[used++];
        } while (used < freeMicros.length && work > used * freeMicros[used] - sum);
        return (work + sum) / used;
    }
}
