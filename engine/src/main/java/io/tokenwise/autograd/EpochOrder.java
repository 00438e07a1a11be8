package io.tokenwise.autograd;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Numbers of examples in an order that is new in every epoch and depends on the seed alone; where it stands is one number, so that a
 * checkpoint can go on from it. Not thread-safe.
 */
public final class EpochOrder {
    private final long seed;
    private final int[] order;
    private long consumed;
    private long shuffledEpoch = -1;

    /** @param size how many examples there are, at least one */
    public EpochOrder(int size, long seed) {
        this.seed = seed;
        this.order = new int[size];
    }

    /** Examples given out so far. */
    public long consumed() {
        return consumed;
    }

    /** Goes on as if so many examples had been given out. */
    public void consumed(long examplesGiven) {
        consumed = examplesGiven;
    }

    /** The next example's number, from 0. */
    public int next() {
        long epoch = consumed / order.length;
        if (epoch != shuffledEpoch) {
            shuffle(epoch);
        }
        return order[(int) (consumed++ % order.length)];
    }

    /**
     * Steps of a whole training.
     *
     * @param count of what is given out in all by what a step takes
     * @throws IllegalArgumentException if there are more than are counted
     */
    public static int steps(int epochs, long count) {
        if (count > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    epochs + " epochs are " + count + " steps; supported: up to " + Integer.MAX_VALUE);
        }
        return (int) Math.max(1, count);
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
    public static RandomGenerator random(long seed, long number) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 0x9E3779B97F4A7C15L + number);
    }
}
