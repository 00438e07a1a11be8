package io.tokenwise.distill;

import io.tokenwise.nn.TokenBatch;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Token sequences in an order that is new in every epoch and depends on the seed alone; where it stands is one number, so that a
 * checkpoint can go on from it. Not thread-safe.
 */
public final class TrainingText {
    private final List<int[]> sequences;
    private final long seed;
    private final int[] order;
    private long consumed;
    private long shuffledEpoch = -1;

    public TrainingText(List<int[]> sequences, long seed) {
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("there is no text to train on");
        }
        this.sequences = List.copyOf(sequences);
        this.seed = seed;
        this.order = new int[sequences.size()];
    }

    /** Sequences given out so far. */
    public long consumed() {
        return consumed;
    }

    /** Goes on as if so many sequences had been given out. */
    public void consumed(long sequencesGiven) {
        consumed = sequencesGiven;
    }

    /** Fills the batch with the next sequences, until it has at least {@code tokens} tokens. */
    public void next(TokenBatch batch, int tokens) {
        batch.clear();
        while (batch.tokens() < tokens) {
            long epoch = consumed / order.length;
            if (epoch != shuffledEpoch) {
                shuffle(epoch);
            }
            batch.add(sequences.get(order[(int) (consumed % order.length)]));
            consumed++;
        }
    }

    private void shuffle(long epoch) {
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        RandomGenerator random = random(seed, epoch);
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        shuffledEpoch = epoch;
    }

    /** A generator of its own for each pair of numbers. */
    static RandomGenerator random(long seed, long number) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 0x9E3779B97F4A7C15L + number);
    }
}
