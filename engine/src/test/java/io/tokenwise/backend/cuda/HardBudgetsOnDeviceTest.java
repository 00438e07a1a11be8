package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.HardBudgets;
import io.tokenwise.backend.Routing;
import io.tokenwise.fakecuda.KernelCounts;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts under hard budgets get the same learners on the simulated device as on the CPU, where the logits are the same. */
class HardBudgetsOnDeviceTest {
    private static final int COLUMNS = 40;

    /** Batches of each order. */
    private static final int BATCHES = Boolean.getBoolean("tokenwise.long") ? 40 : 3;

    /** Modules that spend one after the other, in pairs that read the same rows. */
    private static final int MODULES = 4;

    /** What a row's gate and one learner cost. */
    private static final long GATE = 7;

    private static final long LEARNER = 50;

    /** Texts of which some are bound, some only ask, and some are told; what each is granted for each module, as a share of all its learners. */
    private record Batch(int[] lengths, boolean[] isBound, double[] shares) {
        static Batch of(SplittableRandom random) {
            int texts = random.nextInt(4) == 0 ? 1 : random.nextInt(70) + 1;
            int longest = texts == 1 ? 400 : random.nextInt(4) == 0 ? 1 : 70;
            var lengths = new int[texts];
            var isBound = new boolean[texts];
            var shares = new double[texts];
            for (int text = 0; text < texts; text++) {
                lengths[text] = random.nextInt(longest) + 1;
                isBound[text] = random.nextInt(5) > 0;
                shares[text] = switch (random.nextInt(5)) {
                    case 0 -> 0;
                    case 1 -> 1;
                    case 2 -> random.nextDouble(0.1);
                    default -> random.nextDouble();
                };
            }
            return new Batch(lengths, isBound, shares);
        }
    }

    /** Sums of eighths by eighths are exact in any order; many of them are equal. */
    private static Tensor eighths(Side side, int rows, int columns, int most) {
        var values = new float[rows * columns];
        int[] numbers = side.integers(rows * columns, 2 * most + 1);
        for (int i = 0; i < values.length; i++) {
            values[i] = (numbers[i] - most) / 8f;
        }
        return side.of(rows, columns, values);
    }

    /** The learners of each row of each module, and behind them for how many rows its gate was asked. */
    private static int[][] routed(Side side, long seed, boolean readsLate) {
        side.begin(seed);
        var random = new SplittableRandom(seed);
        var found = new ArrayList<int[]>();
        HardBudgets budgets = side.stream().hardBudgets();
        var routings = new Routing[] {side.stream().routing(), side.stream().routing()};
        for (int round = 0; round < 3; round++) {
            Batch batch = Batch.of(random);
            int[] offsets = Case.offsets(batch.lengths);
            budgets.begin(offsets, batch.lengths.length);
            int rows = offsets[offsets.length - 1];
            var kinds = new ArrayList<int[]>();
            var weights = new ArrayList<Tensor>();
            var xs = new ArrayList<Tensor>();
            // Made before, since gates are one launch only if nothing else is told between them.
            for (int module = 0; module < MODULES; module++) {
                kinds.add(choices(random));
                weights.add(weight(side, kinds.getLast().length));
                xs.add(module % 2 == 1 ? xs.getLast() : eighths(side, rows, COLUMNS, round == 0 ? 1 : 8));
            }
            for (int module = 0; module < MODULES; module++) {
                Routing routing = routings[module % 2];
                int[] choices = kinds.get(module);
                int learners = choices[choices.length - 1];
                routing.begin(rows, learners);
                for (int text = 0; text < batch.lengths.length; text++) {
                    ask(budgets, routing, batch, offsets, text, random, choices.length);
                }
                routing.bind(budgets, GATE, LEARNER);
                routing.decide(xs.get(module), weights.get(module), choices, side.workspace(), null);
                if (!readsLate) {
                    found.add(result(routing));
                } else if (module % 2 == 1) {
                    found.add(result(routings[0]));
                    found.add(result(routing));
                }
            }
        }
        return found.toArray(int[][]::new);
    }

    private static void ask(
            HardBudgets budgets,
            Routing routing,
            Batch batch,
            int[] offsets,
            int text,
            SplittableRandom random,
            int outputs) {
        int tokens = batch.lengths[text];
        int learners = routing.learners();
        var offset = new float[outputs];
        for (int i = 0; i < outputs; i++) {
            offset[i] = random.nextInt(-8, 24) / 8f;
        }
        boolean asks = random.nextInt(4) > 0;
        if (batch.isBound[text]) {
            budgets.grant(text, (long) (batch.shares[text] * learners * LEARNER) * tokens);
            asks = budgets.atMost(text) >= GATE * tokens + LEARNER;
        }
        if (asks) {
            routing.ask(offsets[text], tokens, offset);
        } else {
            routing.give(offsets[text], tokens, batch.isBound[text] ? 0 : learners);
        }
    }

    /** So many learners as are trained, and all. */
    private static int[] choices(SplittableRandom random) {
        int learners = random.nextInt(16) + 1;
        var choices = new int[random.nextInt(learners) + 1];
        Arrays.setAll(choices, i -> i + 1);
        choices[choices.length - 1] = learners;
        return choices;
    }

    private static Tensor weight(Side side, int outputs) {
        return eighths(side, Math.ceilDiv(outputs, RowOps.DOTS_GROUP) * RowOps.DOTS_GROUP, COLUMNS, 4);
    }

    private static int[] result(Routing routing) {
        int asked = routing.asked();
        int[] result = Arrays.copyOf(routing.counts(), routing.rows() + 1);
        result[routing.rows()] = asked;
        return result;
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 130})
    void choiceIsThatOfTheCpu(long order) {
        try (Side cpu = Side.cpu();
                Side device = Side.device(Precision.F32)) {
            device.controls().seed(order);
            for (int seed = 0; seed < BATCHES; seed++) {
                int[][] expected = routed(cpu, seed, false);
                assertThat(routed(device, seed, false)).as("seed %d", seed).isDeepEqualTo(expected);
                assertThat(routed(device, seed, true))
                        .as("seed %d, in pairs", seed)
                        .isDeepEqualTo(expected);
            }
        }
    }

    @Test
    void gatesOfTheSameRowsAreOneLaunchUntilSomethingElseIsTold() {
        try (Side device = Side.device(Precision.F32)) {
            Tensor x = eighths(device, 40, COLUMNS, 8);
            Tensor y = eighths(device, 40, COLUMNS, 8);
            Tensor weight = weight(device, 4);
            var a = device.stream().routing();
            var b = device.stream().routing();
            // Their memory is cleared once, before they are first asked.
            launches(device, weight, List.of(a, b), List.of(x, y), false);
            assertThat(launches(device, weight, List.of(a, b), List.of(x, x), false))
                    .isEqualTo(1);
            assertThat(launches(device, weight, List.of(a, b), List.of(x, y), false))
                    .isEqualTo(2);
            assertThat(launches(device, weight, List.of(a, a), List.of(x, x), false))
                    .isEqualTo(2);
            assertThat(launches(device, weight, List.of(a, b), List.of(x, x), true))
                    .isEqualTo(2);
        }
    }

    /** @param between whether the rows are written again in between */
    private static long launches(Side device, Tensor weight, List<Routing> routings, List<Tensor> xs, boolean between) {
        long before = gates(device);
        for (int i = 0; i < routings.size(); i++) {
            Routing routing = routings.get(i);
            routing.begin(40, 4);
            routing.ask(0, 40, new float[4]);
            routing.decide(xs.get(i), weight, new int[] {1, 2, 3, 4}, device.workspace(), null);
            if (between) {
                device.stream().add(xs.get(i), xs.get(i), xs.get(i));
            }
        }
        routings.forEach(Routing::counts);
        return gates(device) - before;
    }

    private static long gates(Side device) {
        return device.controls().kernels().stream()
                .filter(kernel -> kernel.name().equals("gate"))
                .mapToLong(KernelCounts::launches)
                .sum();
    }

    /** Gates count their blocks on the device, from 0, which is told once: or again, if that was lost. */
    @Test
    void aGateServesAfterItsFirstLaunchWasLost() {
        try (Side cpu = Side.cpu();
                Side device = Side.device(Precision.F32)) {
            Tensor x = eighths(device, 40, COLUMNS, 8);
            Tensor weight = weight(device, 4);
            Routing routing = device.stream().routing();
            device.controls().failCall("cuMemsetD32Async", 1);
            assertThatExceptionOfType(CudaException.class).isThrownBy(() -> ofHalf(device, routing, x, weight));
            int[] expected = ofHalf(cpu, cpu.stream().routing(), eighths(cpu, 40, COLUMNS, 8), weight(cpu, 4));
            assertThat(ofHalf(device, routing, x, weight)).isEqualTo(expected);
        }
    }

    /** Of two texts that are granted half of their learners. */
    private static int[] ofHalf(Side side, Routing routing, Tensor x, Tensor weight) {
        HardBudgets budgets = side.stream().hardBudgets();
        int[] offsets = {0, 30, 40};
        budgets.begin(offsets, 2);
        routing.begin(40, 4);
        for (int text = 0; text < 2; text++) {
            int tokens = offsets[text + 1] - offsets[text];
            budgets.grant(text, (GATE + 2 * LEARNER) * tokens);
            routing.ask(offsets[text], tokens, new float[4]);
        }
        routing.bind(budgets, GATE, LEARNER);
        routing.decide(x, weight, new int[] {1, 2, 3, 4}, side.workspace(), null);
        return result(routing);
    }
}
