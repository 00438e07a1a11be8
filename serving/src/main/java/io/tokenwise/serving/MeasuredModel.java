package io.tokenwise.serving;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * A model and what it costs on this machine, measured when it is put into a queue, which warms it up too: the dense model by length, and what is left of that at some budgets
 * where the model cannot say it beforehand.
 *
 * @param costs of batches at full budget
 * @param shares of the dense model's time at budgets of 0, 1/4, 1/2, 3/4 and 1
 * @param losses of quality
 */
record MeasuredModel<R>(Served<R> served, CostCurve costs, List<Double> shares, Losses losses) {
    private static final int[] LENGTHS = {8, 16, 32, 64, 128, 256, 512};

    /** For all that are longer than {@link #LENGTHS}, and a run that takes longer than foreseen: of a large model even 2,048 tokens take a second. */
    private static final double LONG_MICROS = 5e6;

    private static final int LONG_RUNS = 2;

    /** Tokens of the batches by which is measured what a batch saves. */
    private static final int SHORT = 16;

    private static final int SHORT_TEXTS = 8;

    /** Until C2 has compiled what runs. */
    private static final long WARM_UP_NANOS = 2_500_000_000L;

    /** Up to 128 tokens: longer ones run the same code. */
    private static final int WARM_LENGTHS = 5;

    private static final int WARM_UP_RUNS = 2000;

    /** For one length, unless that is fewer runs than the least: one alone may be disturbed. */
    private static final long LENGTH_NANOS = 100_000_000L;

    private static final int LEAST_RUNS = 3;
    private static final int MOST_RUNS = 15;
    private static final int QUARTERS = 4;

    static <R> MeasuredModel<R> of(Served<R> model, QueueOptions options) {
        return of(model, options, System::nanoTime);
    }

    /** @param clock in nanoseconds */
    static <R> MeasuredModel<R> of(Served<R> model, QueueOptions options, LongSupplier clock) {
        var measurement = new Measurement<>(model, clock);
        measurement.warmUp();
        List<CostCurve.Point> alone = measurement.alone();
        double left = measurement.addLonger(alone);
        measurement.lower(alone, left);
        if (left < LONG_MICROS) {
            model.giveBackMemory();
        }
        double batchMicros = measurement.batchMicros(alone);
        List<CostCurve.Point> points = alone.stream()
                .map(point -> new CostCurve.Point(point.tokens(), point.micros() - batchMicros))
                .toList();
        boolean isSteered = options.control().mode() == Control.Mode.AUTO;
        return new MeasuredModel<>(
                model,
                new CostCurve(batchMicros, options.batchTokens(), points),
                measurement.shares(),
                isSteered ? Losses.measure(model) : Losses.NONE);
    }

    /** The same figures for the same network that is asked for other results. */
    <T> MeasuredModel<T> as(Served<T> other) {
        return new MeasuredModel<>(other, costs, shares, losses);
    }

    /** The share of the dense model's time that a budget leaves, where the model cannot say it. */
    double share(double budget) {
        double place = budget * QUARTERS;
        int below = Math.min((int) place, QUARTERS - 1);
        return shares.get(below) + (place - below) * (shares.get(below + 1) - shares.get(below));
    }

    private record Measurement<R>(Served<R> model, LongSupplier clock) {
        /** Lengths and budgets in turn, as load will have them: what has not run before is slow when it is needed most. */
        void warmUp() {
            List<int[]> inputs = IntStream.of(LENGTHS)
                    .limit(WARM_LENGTHS)
                    .mapToObj(length -> model.sample(Math.min(length, model.maxTokens())))
                    .toList();
            long start = clock.getAsLong();
            for (int run = 0; run < WARM_UP_RUNS && clock.getAsLong() - start < WARM_UP_NANOS; run++) {
                int quarters = model.isAdaptive() ? run % QUARTERS : 0;
                var budget = model.budget(1 - (double) quarters / QUARTERS);
                // Alone, then with others.
                int from = run / (2 * QUARTERS) % WARM_LENGTHS;
                List<int[]> batch = run / QUARTERS % 2 == 0 ? List.of(inputs.get(from)) : inputs.subList(0, from + 1);
                model.run(batch, Collections.nCopies(batch.size(), budget));
            }
        }

        /** Inputs of each length, from the longest on. */
        List<CostCurve.Point> alone() {
            var alone = new ArrayList<CostCurve.Point>();
            for (int i = LENGTHS.length - 1; i >= 0; i--) {
                int[] input = model.sample(Math.min(LENGTHS[i], model.maxTokens()));
                int tokens = model.tokens(input);
                if (alone.isEmpty() || tokens < alone.getFirst().tokens()) {
                    alone.addFirst(new CostCurve.Point(tokens, micros(List.of(input), 1)));
                }
            }
            return alone;
        }

        /**
         * Longer inputs, each of twice the tokens of the one before it, while there is memory and, by what the shorter ones say, time for them. One whose first run takes all
         * the time is left out: that run may have been disturbed.
         *
         * @return the time that is left
         */
        double addLonger(List<CostCurve.Point> alone) {
            double left = LONG_MICROS;
            while (alone.getLast().tokens() < model.maxTokens()) {
                CostCurve.Point last = alone.getLast();
                int[] input = model.sample(Math.min(2 * last.tokens(), model.maxTokens()));
                int tokens = model.tokens(input);
                double foreseen = new CostCurve(0, 1, alone).denseMicros(tokens);
                if (tokens <= last.tokens() || left < LONG_RUNS * foreseen) {
                    return left;
                }
                double least = Double.MAX_VALUE;
                for (int run = 0; run < LONG_RUNS; run++) {
                    if (left <= 0) {
                        return left;
                    }
                    long start = clock.getAsLong();
                    try {
                        least = Math.min(least, micros(List.of(input), 1, 1));
                    } catch (IllegalStateException _) {
                        // No memory: requests of this length fail, others do not. What else there may be, such as
                        // that the model is closed, the next run says again.
                        model.giveBackMemory();
                        return Math.min(left, 0);
                    }
                    left -= (clock.getAsLong() - start) / 1000.0;
                }
                alone.add(new CostCurve.Point(tokens, least));
            }
            return left;
        }

        /**
         * An input takes no longer than a longer one. Where a token takes longer than one of a longer input, either a call has its own cost, or something disturbed what was measured, such
         * as that the JVM had not compiled all yet: measured again it shows. So does the longest, by which still longer ones are reckoned, if it ran before all others.
         *
         * @param left time for inputs that are longer than {@link #LENGTHS}
         */
        void lower(List<CostCurve.Point> alone, double left) {
            int most = LENGTHS[LENGTHS.length - 1];
            int last = alone.size() - 1;
            boolean areLong = alone.get(last).tokens() > most;
            if (!areLong) {
                alone.set(last, again(alone.get(last)));
            }
            double stillLeft = left;
            for (int i = last - 1; i >= 0; i--) {
                CostCurve.Point point = alone.get(i);
                CostCurve.Point longer = alone.get(i + 1);
                boolean isDear = areLong && point.tokens() >= CostCurve.LONG && point.ofToken() > longer.ofToken();
                if (isDear && point.tokens() <= most) {
                    point = again(point);
                } else if (isDear && point.micros() <= stillLeft) {
                    stillLeft -= point.micros();
                    point = again(point);
                }
                alone.set(i, new CostCurve.Point(point.tokens(), Math.min(point.micros(), longer.micros())));
            }
        }

        private CostCurve.Point again(CostCurve.Point point) {
            double micros = micros(List.of(model.sample(point.tokens())), 1, 1);
            return new CostCurve.Point(point.tokens(), Math.min(point.micros(), micros));
        }

        double micros(List<int[]> inputs, double share) {
            return micros(inputs, share, LEAST_RUNS);
        }

        /** The least of some runs: what else runs on the machine, or in the queue, only ever adds. */
        double micros(List<int[]> inputs, double share, int leastRuns) {
            var budgets = Collections.nCopies(inputs.size(), model.budget(share));
            long least = Long.MAX_VALUE;
            long start = clock.getAsLong();
            long last = start;
            for (int runs = 0; runs < leastRuns || runs < MOST_RUNS && last - start < LENGTH_NANOS; runs++) {
                model.run(inputs, budgets);
                long now = clock.getAsLong();
                least = Math.min(least, now - last);
                last = now;
            }
            return least / 1000.0;
        }

        /** Of what an input alone takes, what several share: at most half. */
        double batchMicros(List<CostCurve.Point> alone) {
            int[] input = model.sample(Math.min(SHORT, model.maxTokens()));
            double one = alone.stream()
                    .filter(point -> point.tokens() == model.tokens(input))
                    .findFirst()
                    .orElse(alone.getFirst())
                    .micros();
            double many = micros(Collections.nCopies(SHORT_TEXTS, input), 1);
            return Math.clamp(
                    (SHORT_TEXTS * one - many) / (SHORT_TEXTS - 1),
                    0,
                    alone.getFirst().micros() / 2);
        }

        List<Double> shares() {
            int[] input = model.sample(Math.min(LENGTHS[3], model.maxTokens()));
            boolean isKnown = !model.isAdaptive()
                    || !Double.isNaN(model.spent(input, model.budget(1.0 / 2)).time());
            if (isKnown) {
                return Collections.nCopies(QUARTERS + 1, 1.0);
            }
            double dense = micros(List.of(input), 1);
            var shares = new ArrayList<>(List.of(1.0));
            for (int i = QUARTERS - 1; i >= 0; i--) {
                double measured = micros(List.of(input), (double) i / QUARTERS) / dense;
                shares.addFirst(Math.min(shares.getFirst(), measured));
            }
            return shares;
        }
    }
}
