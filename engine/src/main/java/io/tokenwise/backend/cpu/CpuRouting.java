package io.tokenwise.backend.cpu;

import io.tokenwise.backend.HardBudgets;
import io.tokenwise.backend.Routing;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A routing in arrays. Once large enough it allocates nothing. */
final class CpuRouting implements Routing {
    private final RowTasks tasks;
    private final CpuRows whole = new CpuRows();
    private final CpuRows partly = new CpuRows();
    private final CpuRows none = new CpuRows();
    private final List<Question> questions = new ArrayList<>();
    private int asked;
    private int askedRows;

    /** Null if no text is bound. */
    private CpuHardBudgets budgets;

    private long gateFlops;
    private long learnerFlops;

    private int rows;
    private int learners;
    private int[] counts = new int[0];
    private int[] order = new int[0];

    /** The order without the rows that have all learners. */
    private int[] rest = new int[0];

    /** Before sorting how many rows have each count, from all learners downwards; after it where the next count begins. */
    private int[] starts = new int[0];

    private final int[] wholeSlice = new int[1];
    private int[] using = new int[0];

    CpuRouting(RowTasks tasks) {
        this.tasks = tasks;
    }

    static CpuRouting of(Routing routing) {
        if (routing instanceof CpuRouting own) {
            return own;
        }
        throw new IllegalArgumentException("the rows were routed by a stream of another backend");
    }

    /** Rows that the gate is to choose for. */
    private static final class Question {
        int from;
        int count;
        float[] offset;
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
        if (counts.length < rows) {
            counts = new int[Math.max(rows, 2 * counts.length)];
            order = new int[counts.length];
            rest = new int[counts.length];
        }
        if (starts.length < learners + 2) {
            starts = new int[learners + 2];
            using = new int[learners];
        }
    }

    @Override
    public void give(int from, int count, int given) {
        Arrays.fill(counts, from, from + count, given);
    }

    @Override
    public void ask(int from, int count, float[] offset) {
        if (asked == questions.size()) {
            questions.add(new Question());
        }
        Question question = questions.get(asked++);
        question.from = from;
        question.count = count;
        question.offset = offset;
        askedRows += count;
    }

    @Override
    public void bind(HardBudgets newBudgets, long newGateFlops, long newLearnerFlops) {
        budgets = CpuHardBudgets.of(newBudgets);
        gateFlops = newGateFlops;
        learnerFlops = newLearnerFlops;
    }

    @Override
    public void decide(Tensor x, Tensor weight, int[] choices, Workspace workspace, Tensor logits) {
        workspace.push();
        Tensor all = logits == null ? workspace.tensor(rows, choices.length) : logits;
        for (int i = 0; i < asked; i++) {
            Question question = questions.get(i);
            workspace.push();
            Tensor offset = workspace.tensor(1, choices.length);
            for (int choice = 0; choice < choices.length; choice++) {
                offset.floats().set(choice, question.offset[choice]);
            }
            Tensor asking = workspace.rows(x, question.from, question.count);
            Tensor answers = workspace.rows(all, question.from, question.count);
            tasks.dots(asking, weight, offset, answers);
            choose(answers, choices, question.from);
            workspace.pop();
        }
        if (budgets != null) {
            budgets.keep(all.host(), choices, gateFlops, learnerFlops, counts);
        }
        workspace.pop();
    }

    private void choose(Tensor logits, int[] choices, int from) {
        var values = logits.floats();
        long next = 0;
        for (int row = from; row < from + logits.rows(); row++) {
            int best = 0;
            float most = 0;
            for (int choice : choices) {
                float value = values.get(next++);
                if (value > most) {
                    best = choice;
                    most = value;
                }
            }
            counts[row] = best;
        }
    }

    @Override
    public int[] counts() {
        return counts;
    }

    /** Who cannot pay for a gate was not asked, since what a text has left is known. */
    @Override
    public int asked() {
        return askedRows;
    }

    @Override
    public void changed() {
        // The array is what is sorted.
    }

    /** A counting sort, descending, stable. */
    @Override
    public void sort() {
        Arrays.fill(starts, 0, learners + 2, 0);
        for (int row = 0; row < rows; row++) {
            starts[learners - counts[row] + 1]++;
        }
        for (int i = 1; i <= learners + 1; i++) {
            starts[i] += starts[i - 1];
        }
        for (int row = 0; row < rows; row++) {
            order[starts[learners - counts[row]]++] = row;
        }
        int all = using(learners - 1);
        System.arraycopy(order, all, rest, 0, rows - all);
        wholeSlice[0] = all;
        for (int n = 0; n < learners - 1; n++) {
            using[n] = using(n) - all;
        }
        whole.become(order, 0, all, wholeSlice);
        partly.become(rest, 0, rows - all, using);
        none.become(order, using(0), rows, using);
    }

    /** After {@link #sort}: how many rows have more than n learners; they are the first of the order. */
    private int using(int n) {
        int group = learners - n - 1;
        return group < 0 ? 0 : starts[group];
    }

    @Override
    public boolean isWhole() {
        return wholeSlice[0] == rows;
    }

    /** Those that have all learners, of one slice. */
    CpuRows whole() {
        return whole;
    }

    /** All others, of a slice for each learner but the last. */
    CpuRows partly() {
        return partly;
    }

    /** Those of the others that have no learner. */
    CpuRows none() {
        return none;
    }
}
