package io.tokenwise.serving;

import java.util.concurrent.CompletableFuture;

/** A request and the future that its answer completes. */
final class Pending<R> extends Entry {
    final Lane<R> lane;
    final int[] input;
    final CompletableFuture<Answer<R>> future = new CompletableFuture<>();

    Pending(Lane<R> lane, Request request, int tokens, Choices choices, Timing timing) {
        super(lane.load(), choices, request.budget().isPinned(), tokens, timing);
        this.lane = lane;
        input = request.input();
    }

    /** @param answer of the lane's model */
    @SuppressWarnings("unchecked") // a batch has requests of one lane, which its model has answered
    void answer(Answer<?> answer) {
        future.complete((Answer<R>) answer);
    }
}
