package io.tokenwise.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Workspace;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CpuHardBudgetsTest {
    private static final int ROUNDS = 20_000;

    private final CpuHardBudgets budgets = new CpuHardBudgets();
    private final SplittableRandom random = new SplittableRandom(5);

    @Test
    void givesExactlySoManyLearnersWhateverTheLogits() {
        try (var workspace = new Workspace(HostMemory::allocate, 1 << 20)) {
            for (int round = 0; round < ROUNDS; round++) {
                workspace.reset();
                HostTensor logits = logits(workspace, random.nextInt(20) + 1, random.nextInt(9) + 1);
                // All bit patterns, infinities and NaN among them, and many equal values.
                int kind = random.nextInt(3);
                for (int i = 0; i < logits.size(); i++) {
                    float value = switch (kind) {
                        case 0 -> Float.intBitsToFloat(random.nextInt());
                        case 1 -> random.nextInt(3) - 1;
                        default -> (float) random.nextGaussian();
                    };
                    logits.set(i, value);
                }
                int count = random.nextInt(logits.size() + 1);
                int[] choice = choose(logits, count);
                assertThat(Arrays.stream(choice).sum()).isEqualTo(count);
                assertThat(Arrays.stream(choice).boxed()).allMatch(k -> k >= 0 && k <= logits.columns());
            }
        }
    }

    /** Given as many as the gate wants it gets its choice; with more no token loses, with fewer none gains. */
    @Test
    void followsTheGate() {
        try (var workspace = new Workspace(HostMemory::allocate, 1 << 20)) {
            for (int round = 0; round < ROUNDS; round++) {
                workspace.reset();
                HostTensor logits = gaussian(workspace);
                int[] wanted = wanted(logits);
                int sum = Arrays.stream(wanted).sum();
                assertThat(choose(logits, sum)).isEqualTo(wanted);
                int[] more = choose(logits, sum + random.nextInt(logits.size() - sum + 1));
                int[] fewer = choose(logits, random.nextInt(sum + 1));
                for (int i = 0; i < wanted.length; i++) {
                    assertThat(more[i]).isGreaterThanOrEqualTo(wanted[i]);
                    assertThat(fewer[i]).isLessThanOrEqualTo(wanted[i]);
                }
            }
        }
    }

    /** Where only some counts exist, tokens get what they would if nobody wanted the others. */
    @Test
    void knowsOnlyTheCountsThatExist() {
        int[] counts = {1, 3, 8};
        try (var workspace = new Workspace(HostMemory::allocate, 1 << 20)) {
            for (int round = 0; round < ROUNDS; round++) {
                workspace.reset();
                HostTensor some = logits(workspace, random.nextInt(20) + 1, counts.length);
                HostTensor all = logits(workspace, some.rows(), 8);
                for (int row = 0; row < some.rows(); row++) {
                    for (int count = 1; count <= 8; count++) {
                        all.set(row, count - 1, -Float.MAX_VALUE);
                    }
                    for (int column = 0; column < counts.length; column++) {
                        float logit = (float) random.nextGaussian();
                        some.set(row, column, logit);
                        all.set(row, counts[column] - 1, logit);
                    }
                }
                int count = random.nextInt(all.size() + 1);
                assertThat(choose(some, counts, count)).isEqualTo(choose(all, count));
            }
        }
    }

    /** Where each further learner adds less than the one before, no other choice of so many has a larger sum of logits. */
    @Test
    void noOtherChoiceHasALargerSumOfLogits() {
        try (var workspace = new Workspace(HostMemory::allocate, 1 << 20)) {
            for (int round = 0; round < ROUNDS; round++) {
                workspace.reset();
                HostTensor logits = logits(workspace, random.nextInt(6) + 1, random.nextInt(5) + 1);
                for (int row = 0; row < logits.rows(); row++) {
                    double[] steps = IntStream.range(0, logits.columns())
                            .mapToDouble(_ -> random.nextGaussian())
                            .sorted()
                            .toArray();
                    float sum = 0;
                    for (int n = 0; n < steps.length; n++) {
                        sum += (float) steps[steps.length - 1 - n];
                        logits.set(row, n, sum);
                    }
                }
                int count = random.nextInt(logits.size() + 1);
                int[] choice = choose(logits, count);
                double found = 0;
                for (int row = 0; row < choice.length; row++) {
                    found += logit(logits, row, choice[row]);
                }
                // A key holds all but the last bit of a slope.
                double rounding = 8 * Math.ulp(1f) * logits.size() * Math.max(1, Math.abs(found));
                assertThat(found).isGreaterThanOrEqualTo(best(logits, count) - rounding);
            }
        }
    }

    /** The largest sum of logits of exactly so many learners, by trying all numbers for the last row. */
    private static double best(HostTensor logits, int count) {
        var best = new double[count + 1];
        Arrays.fill(best, Double.NEGATIVE_INFINITY);
        best[0] = 0;
        for (int row = 0; row < logits.rows(); row++) {
            var next = new double[count + 1];
            for (int sum = 0; sum <= count; sum++) {
                next[sum] = Double.NEGATIVE_INFINITY;
                for (int k = 0; k <= Math.min(sum, logits.columns()); k++) {
                    next[sum] = Math.max(next[sum], best[sum - k] + logit(logits, row, k));
                }
            }
            best = next;
        }
        return best[count];
    }

    private static double logit(HostTensor logits, int row, int count) {
        return count == 0 ? 0 : logits.get(row, count - 1);
    }

    private static int[] wanted(HostTensor logits) {
        var wanted = new int[logits.rows()];
        for (int row = 0; row < wanted.length; row++) {
            for (int count = 1; count <= logits.columns(); count++) {
                if (logit(logits, row, count) > logit(logits, row, wanted[row])) {
                    wanted[row] = count;
                }
            }
        }
        return wanted;
    }

    private HostTensor gaussian(Workspace workspace) {
        HostTensor logits = logits(workspace, random.nextInt(20) + 1, random.nextInt(9) + 1);
        for (int i = 0; i < logits.size(); i++) {
            logits.set(i, (float) random.nextGaussian());
        }
        return logits;
    }

    private static HostTensor logits(Workspace workspace, int tokens, int learners) {
        return workspace.tensor(tokens, learners).host();
    }

    /** As part of a larger batch. */
    private int[] choose(HostTensor logits, int count) {
        return choose(logits, IntStream.rangeClosed(1, logits.columns()).toArray(), count);
    }

    private int[] choose(HostTensor logits, int[] counts, int count) {
        var choice = new int[logits.rows() + 7];
        budgets.choose(logits, counts, 0, logits.rows(), count, choice, 3);
        return Arrays.copyOfRange(choice, 3, 3 + logits.rows());
    }
}
