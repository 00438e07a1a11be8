package io.tokenwise.serving;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** One asks, asks again and takes that back, while another closes: every future is completed, and each accepted request counted once. */
@JCStressTest
@Outcome(
        id = "[01], [012], 0",
        expect = ACCEPTABLE,
        desc = "refused (0), answered (1) or cancelled (2), and counted so")
@Outcome(expect = FORBIDDEN, desc = "a future was never completed, or a request counted twice or not at all")
@State
public class QueueStress {
    private static final QueueOptions OPTIONS = QueueOptions.defaults().withWorkers(1);
    private static final int REFUSED = 0;
    private static final int ANSWERED = 1;
    private static final int CANCELLED = 2;
    private static final int OPEN = 3;

    private final RequestQueue queue = RequestQueue.start(OPTIONS);
    private final Lane<Integer> lane = new Lane<>(
            queue,
            new MeasuredModel<>(
                    new Counted(),
                    new CostCurve(1, OPTIONS.batchTokens(), List.of(new CostCurve.Point(1, 1))),
                    Collections.nCopies(5, 1.0),
                    Losses.NONE));
    private CompletableFuture<Answer<Integer>> asked;
    private CompletableFuture<Answer<Integer>> takenBack;

    /** Gives an input's length. */
    private static final class Counted implements Served<Integer> {
        @Override
        public String name() {
            return "counted";
        }

        @Override
        public int tokens(int[] input) {
            return input.length;
        }

        @Override
        public int[] sample(int tokens) {
            return new int[tokens];
        }

        @Override
        public int maxTokens() {
            return 8;
        }

        @Override
        public boolean isAdaptive() {
            return false;
        }

        @Override
        public Budget budget(double share) {
            return Budget.of(share);
        }

        @Override
        public Spent spent(int[] input, Budget budget) {
            return new Spent(1, 1);
        }

        @Override
        public List<Integer> run(List<int[]> inputs, List<Budget> budgets) {
            return inputs.stream().map(input -> input.length).toList();
        }
    }

    private CompletableFuture<Answer<Integer>> ask() {
        try {
            return lane.submit(new Request(new int[1], Deadline.NONE, BudgetRange.pinned(Budget.FULL)));
        } catch (IllegalStateException e) {
            return null;
        }
    }

    private static int end(CompletableFuture<Answer<Integer>> future) {
        if (future == null) {
            return REFUSED;
        }
        if (!future.isDone()) {
            return OPEN;
        }
        try {
            return future.join().result() == 1 ? ANSWERED : OPEN;
        } catch (CancellationException e) {
            return CANCELLED;
        } catch (CompletionException e) {
            return OPEN;
        }
    }

    @Actor
    public void askTwice() {
        asked = ask();
        takenBack = ask();
        if (takenBack != null) {
            takenBack.cancel(false);
        }
    }

    @Actor
    public void close() {
        queue.close();
    }

    @Arbiter
    public void look(III_Result result) {
        result.r1 = end(asked);
        result.r2 = end(takenBack);
        QueueState state = queue.state();
        long accepted = (asked == null ? 0 : 1) + (takenBack == null ? 0 : 1);
        long ended = state.answered() + state.cancelled() + state.failed() + state.expired();
        result.r3 = (int) (Math.abs(state.accepted() - accepted)
                + Math.abs(ended - accepted)
                + state.failed()
                + state.waitingRequests()
                + state.runningBatches());
    }
}
