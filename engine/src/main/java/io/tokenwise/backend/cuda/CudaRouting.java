package io.tokenwise.backend.cuda;

import io.tokenwise.backend.HardBudgets;
import io.tokenwise.backend.Routing;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.Arrays;

/**
 * A routing on the device. The gate chooses, keeps hard budgets and sorts in one launch, and the host learns nothing of it, unless it asks for {@link #counts} or
 * {@link #asked}, which wait; what it gives or changes itself goes up, and is sorted there.
 */
final class CudaRouting implements Routing {
    private static final int BLOCK = 1_024;

    /** Up to so many groups of rows take the same room, since texts of a bucket may be in more or fewer of them. A guess: some hundred bytes. */
    private static final int FEW_GROUPS = 16;

    private final Launches launches;
    private final GateLaunch gates;
    private final CudaRoutedRows whole = new CudaRoutedRows();
    private final CudaRoutedRows partly = new CudaRoutedRows();

    private int rows;
    private int learners;

    /** What the host knows: the learners of each row that it gave or saw; and behind those that it saw, how many rows' texts could not pay for the gate. */
    private int[] counts = new int[0];

    /** For each row its group of those that are told the same, or {@code -1 - k} for k learners that were given. */
    private int[] told = new int[0];

    private float[] offsets = new float[0];
    private float[][] groups = new float[4][];
    private int asked;
    private int askedRows;

    private int[] choices;
    private int[] countOf = new int[0];

    /** Null if no text is bound. */
    private CudaHardBudgets budgets;

    private long gateFlops;
    private long learnerFlops;

    private final long[] job = new long[GateLaunch.WORDS];

    /** Whether the rows are sorted on the device, and whether the host knows the choice by which they are. */
    private boolean isSorted;

    private boolean isKnown;
    private boolean isWhole;

    // ---- on the device: room for so many rows and learners, and where they lie

    private int room;
    private int learnerRoom;
    private long choice;
    private long order;
    private long rest;
    private long numbers;
    private long finished;

    /** What {@link Launches#lost} was when that was told to be 0, which gates keep up: what was lost since may be that. */
    private long zeroed = -1;

    /** For hard budgets: room for so many logits, and as many keys of learners, or more. */
    private int logitRoom;

    private long ownLogits;
    private long keys;

    CudaRouting(Launches launches, GateLaunch gates) {
        this.launches = launches;
        this.gates = gates;
    }

    static CudaRouting of(Routing routing) {
        if (routing instanceof CudaRouting own) {
            return own;
        }
        throw new IllegalArgumentException("the rows were routed by a stream of another backend");
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int learners() {
        return learners;
    }

    @Override
    public void begin(int newRows, int newLearners) {
        rows = newRows;
        learners = newLearners;
        asked = 0;
        askedRows = 0;
        budgets = null;
        isSorted = false;
        isKnown = true;
        if (counts.length <= rows) {
            counts = new int[Math.max(Bucket.of(rows) + 1, 2 * counts.length)];
            told = new int[counts.length];
        }
        reserve();
        long learnersOf = numbers + 4L * (1 + learners);
        whole.become(order, numbers, numbers);
        partly.become(rest, learnersOf, numbers + 4L * (2 * learners + 1));
    }

    private void reserve() {
        if (finished == 0) {
            finished = launches.keep(Integer.BYTES);
        }
        long lost = launches.lost();
        if (zeroed != lost) {
            launches.zero(finished, Integer.BYTES);
            zeroed = lost;
        }
        // Room counts only once all of it is there: the device may not have so much memory.
        if (room < rows) {
            int larger = counts.length - 1;
            // Behind them how many rows' texts could not pay for the gate.
            choice = launches.keep(4L * (larger + 1));
            order = launches.keep(4L * larger);
            rest = launches.keep(4L * larger);
            room = larger;
        }
        if (learnerRoom < learners) {
            numbers = launches.keep(4L * (2 * learners + 2));
            learnerRoom = learners;
        }
    }

    @Override
    public void give(int from, int count, int given) {
        Arrays.fill(counts, from, from + count, given);
        Arrays.fill(told, from, from + count, -1 - given);
    }

    @Override
    public void ask(int from, int count, float[] offset) {
        if (asked == groups.length) {
            groups = Arrays.copyOf(groups, 2 * asked);
        }
        Arrays.fill(told, from, from + count, asked);
        groups[asked++] = offset;
        askedRows += count;
    }

    @Override
    public void bind(HardBudgets newBudgets, long newGateFlops, long newLearnerFlops) {
        budgets = CudaHardBudgets.of(newBudgets);
        gateFlops = newGateFlops;
        learnerFlops = newLearnerFlops;
    }

    @Override
    public void decide(Tensor x, Tensor weight, int[] newChoices, Workspace workspace, Tensor logits) {
        int outputs = newChoices.length;
        if (choices != newChoices) {
            choices = newChoices;
            countOf = countOf.length > outputs ? countOf : new int[outputs + 1];
            System.arraycopy(choices, 0, countOf, 1, outputs);
        }
        if (offsets.length < asked * outputs) {
            offsets = new float[asked * outputs];
        }
        for (int group = 0; group < asked; group++) {
            System.arraycopy(groups[group], 0, offsets, group * outputs, outputs);
        }
        if (budgets != null) {
            reserveLogits(outputs);
        }
        boolean asksAll = asked == 1 && askedRows == rows;
        // In the order of the kernel's Gate.
        job[0] = launches.address(weight);
        job[1] = launches.upload(offsets, asked * outputs, Bucket.of(Math.max(asked, FEW_GROUPS)) * outputs);
        job[2] = asksAll ? 0 : launches.upload(told, rows, Bucket.of(rows));
        job[3] = launches.upload(countOf, outputs + 1, outputs + 1);
        job[4] = logits == null && budgets != null ? ownLogits : launches.address(logits);
        job[5] = choice;
        job[6] = order;
        job[7] = rest;
        job[8] = numbers;
        job[9] = finished;
        job[10] = budgets == null ? 0 : budgets.granted();
        job[11] = keys;
        job[12] = gateFlops;
        job[13] = learnerFlops;
        job[14] = outputs;
        job[15] = learners;
        gates.launch(job, x, budgets, logits);
        isSorted = true;
        isKnown = false;
    }

    private void reserveLogits(int outputs) {
        int most = rows * Math.max(outputs, learners);
        if (logitRoom < most) {
            int larger = room * Math.max(outputs, learners);
            ownLogits = launches.keep((long) larger * Float.BYTES);
            keys = launches.keep((long) larger * Integer.BYTES);
            logitRoom = larger;
        }
    }

    @Override
    public int[] counts() {
        if (!isKnown) {
            launches.readInts(choice, counts, rows + 1);
            askedRows -= counts[rows];
            isKnown = true;
        }
        return counts;
    }

    @Override
    public int asked() {
        counts();
        return askedRows;
    }

    @Override
    public void changed() {
        isSorted = false;
    }

    @Override
    public void sort() {
        isWhole = isKnown && hasAll();
    }

    /** What the host has given or changed is sorted when its rows are asked for first, which those of a module that all rows use whole may never be. */
    private void sortOnDevice() {
        if (!isSorted) {
            launches.kernel("sortByChoice")
                    .onlyWrites(null)
                    .ints(counts, rows)
                    .count(rows)
                    .integer(learners)
                    .pointer(order)
                    .pointer(rest)
                    .pointer(numbers)
                    .run(1, BLOCK);
            isSorted = true;
        }
    }

    private boolean hasAll() {
        for (int row = 0; row < rows; row++) {
            if (counts[row] < learners) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean isWhole() {
        return isWhole;
    }

    /** Those that have all learners, of one slice. */
    CudaRoutedRows whole() {
        sortOnDevice();
        return whole;
    }

    /** All others, of a slice for each learner but the last. */
    CudaRoutedRows partly() {
        sortOnDevice();
        return partly;
    }
}
