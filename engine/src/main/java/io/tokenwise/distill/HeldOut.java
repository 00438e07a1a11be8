package io.tokenwise.distill;

import io.tokenwise.Spent;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.session.Sessions;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** Inputs that are not trained on, with what the teacher gives for them: they tell what a student is worth. Not thread-safe. */
final class HeldOut {
    private static final int BATCH_TOKENS = 1_024;

    private final Backend backend;
    private final List<int[]> inputs;
    private final UnaryOperator<int[]> given;
    private final float[][][] wanted;

    /** Runs the teacher. */
    HeldOut(Encoder teacher, Backend backend, List<int[]> inputs) {
        this(teacher, backend, inputs, UnaryOperator.identity());
    }

    /**
     * The same for a student that is given less.
     *
     * @param given what it is given of an input
     */
    HeldOut(Encoder teacher, Backend backend, List<int[]> inputs, UnaryOperator<int[]> given) {
        this.backend = backend;
        this.inputs = inputs;
        this.given = given;
        try (var sessions = new Sessions(teacher, backend, BATCH_TOKENS, 1)) {
            wanted = sessions.rows(inputs, Budget.FULL, null);
        }
    }

    /** What the student is worth now on the first inputs with about {@code tokens} tokens, {@code step} steps being done. */
    History.Quality quality(Encoder student, int step, long tokens) {
        student.prepare(backend.stream());
        Budget budget = Budget.flops(DistillRun.SHOWN_BUDGET);
        var spending = new Spending(student.modules());
        int count = 0;
        for (long taken = 0; count < inputs.size() && taken < tokens; count++) {
            taken += student.description().tokens(inputs.get(count));
        }
        List<int[]> measured = inputs.subList(0, count).stream().map(given).toList();
        float[][][] found;
        try (var sessions = new Sessions(student, backend, BATCH_TOKENS, 1)) {
            found = sessions.rows(measured, budget, spending);
        }
        return new History.Quality(
                step,
                Agreement.of(student.description(), found, Arrays.copyOf(wanted, count)),
                spent(student, inputs.subList(0, count), measured, spending, budget));
    }

    private static double spent(
            Encoder student, List<int[]> whole, List<int[]> given, Spending spending, Budget budget) {
        if (student.leaving().isPresent()) {
            return Spent.flops(student, given, budget);
        }
        return student.isAdaptive() ? spending.share() : (double) tokens(student, given) / tokens(student, whole);
    }

    private static long tokens(Encoder model, List<int[]> some) {
        return some.stream().mapToLong(model.description()::tokens).sum();
    }
}
