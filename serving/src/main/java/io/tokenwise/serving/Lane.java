package io.tokenwise.serving;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A model's way into a {@link RequestQueue}. Thread-safe.
 *
 * @param <R> what the model gives for an input
 */
public final class Lane<R> {
    private final RequestQueue queue;
    private final Served<R> model;
    private final Control control;
    private final MeasuredCosts costs;
    private final ModelLoad load;

    Lane(RequestQueue queue, Served<R> model, Control control, MeasuredCosts costs) {
        this.queue = queue;
        this.model = model;
        this.control = control;
        this.costs = costs;
        load = new ModelLoad(costs.costs());
    }

    /** The model behind. */
    public Served<R> model() {
        return model;
    }

    ModelLoad load() {
        return load;
    }

    /**
     * Asks the model. The future is always completed: with the answer, with {@link io.tokenwise.DeadlineException} if the deadline passed before it was computed, with what the model threw, or
     * with {@link IllegalStateException} if the queue was closed without waiting for it. Cancelling it, or completing it otherwise, takes the request back unless it runs already.
     *
     * @throws OverloadedException if it is not accepted
     * @throws IllegalArgumentException if the model cannot read the input or keep the budget
     * @throws IllegalStateException if the queue is closed
     */
    public CompletableFuture<Answer<R>> submit(Request request) {
        return submitAll(List.of(request)).getFirst();
    }

    /** Asks the model for several inputs, which are accepted as one or refused as one; see {@link #submit}. */
    public List<CompletableFuture<Answer<R>>> submitAll(List<Request> requests) {
        long nowNanos = queue.nowNanos();
        var pending = new ArrayList<Pending<R>>(requests.size());
        for (Request request : requests) {
            boolean pinned = request.budget().isPinned();
            pending.add(new Pending<>(this, request.input(), choices(request), pinned, timing(request, nowNanos)));
        }
        queue.offer(List.copyOf(pending), nowNanos);
        return pending.stream().map(one -> one.future).toList();
    }

    /** A request that floats is due at the target; any other, and where there is none, by its own deadline. */
    private Entry.Timing timing(Request request, long nowNanos) {
        long left = Math.clamp(request.deadline().left().toNanos(), -Entry.NEVER, Entry.NEVER);
        long deadlineNanos = nowNanos + left;
        boolean hasTarget =
                control.mode() == Control.Mode.AUTO && !request.budget().isPinned();
        long targetNanos = hasTarget ? Math.min(left, control.target().toNanos()) : left;
        return new Entry.Timing(nowNanos, deadlineNanos, nowNanos + targetNanos);
    }

    private Choices choices(Request request) {
        BudgetRange range = request.budget();
        double dense = costs.costs().denseMicros(model.tokens(request.input()));
        if (!model.isAdaptive() || range.isPinned()) {
            return new Choices(List.of(choice(request, range.most(), dense)));
        }
        boolean isSteered = control.mode() == Control.Mode.AUTO && (control.feedForward() || control.feedback());
        if (!isSteered) {
            double share = control.mode() == Control.Mode.FIXED ? control.share() : 1;
            return new Choices(List.of(choice(request, range.at(share), dense)));
        }
        var byStep = new ArrayList<Choices.Choice>();
        for (int step = 0; step <= Dial.STEPS; step++) {
            double share = Math.max(control.share(), 1 - (double) step / Dial.STEPS);
            Budget budget = range.at(share);
            boolean isSame = step > 0 && byStep.getLast().budget().equals(budget);
            byStep.add(isSame ? byStep.getLast() : choice(request, budget, dense));
        }
        return new Choices(byStep);
    }

    private Choices.Choice choice(Request request, Budget budget, double denseMicros) {
        Spent spent = model.spent(request.input(), budget);
        double share = Double.isNaN(spent.time()) ? costs.share(budget.share()) : spent.time();
        return new Choices.Choice(budget, spent, share * denseMicros);
    }
}
