package io.tokenwise.serving;

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
    private final Control control;
    private final MeasuredModel<R> model;
    private final ModelLoad load;

    Lane(RequestQueue queue, MeasuredModel<R> model) {
        this.queue = queue;
        this.model = model;
        control = queue.options().control();
        load = new ModelLoad(model.costs());
    }

    /** {@return the model behind} */
    public Served<R> model() {
        return model.served();
    }

    RequestQueue queue() {
        return queue;
    }

    MeasuredModel<R> measured() {
        return model;
    }

    ModelLoad load() {
        return load;
    }

    /**
     * Asks the model. The future is always completed: with the answer, with {@link io.tokenwise.api.DeadlineException} if the deadline passed before it was computed, as soon as one of the queue's
     * threads has time to see that, with what the model threw, or with {@link IllegalStateException} if the queue was closed without waiting for it. Cancelling it, or completing it otherwise, takes the request back unless it runs already.
     *
     * @param request the input, and what it may cost
     * @return its answer, later
     * @throws OverloadedException if it is not accepted
     * @throws TooLargeException if it is more than {@link QueueOptions} has room for
     * @throws IllegalArgumentException if the model cannot read the input or keep the budget
     * @throws IllegalStateException if the queue is closed
     */
    public CompletableFuture<Answer<R>> submit(Request request) {
        return submitAll(List.of(request)).getFirst();
    }

    /**
     * Asks the model for several inputs, which are accepted as one or refused as one; see {@link #submit}.
     *
     * @param requests in their order
     * @return an answer for each, later
     * @throws OverloadedException if they are not accepted
     * @throws TooLargeException if they are more than {@link QueueOptions} has room for
     */
    public List<CompletableFuture<Answer<R>>> submitAll(List<Request> requests) {
        long nowNanos = queue.nowNanos();
        var pending = new ArrayList<Pending<R>>(requests.size());
        for (Request request : requests) {
            // First of all, since it says whether the model can read the input.
            int tokens = model.served().tokens(request.input());
            pending.add(new Pending<>(
                    this, request, tokens, Choices.of(model, control, request), timing(request, nowNanos)));
        }
        queue.offer(List.copyOf(pending), nowNanos);
        return pending.stream().map(one -> one.future).toList();
    }

    /** A request that floats is due at the target; any other, and where there is none, by its own deadline. */
    private Entry.Timing timing(Request request, long nowNanos) {
        long left = Math.min(request.deadline().left().toNanos(), Entry.NEVER);
        boolean hasTarget =
                control.mode() == Control.Mode.AUTO && !request.budget().isPinned();
        long targetNanos = hasTarget
                ? model.served().target(request.input(), control.target()).toNanos()
                : left;
        return new Entry.Timing(nowNanos, nowNanos + left, nowNanos + Math.min(targetNanos, Entry.NEVER));
    }
}
