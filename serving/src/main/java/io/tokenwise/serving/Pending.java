package io.tokenwise.serving;

import java.util.concurrent.CompletableFuture;

/** A request and the future that its answer completes. */
final class Pending<R> extends Entry {
    /** Memory is what bounds how many wait: of 64 bytes for each token. */
    private static final int NUMBERS_IN_TOKEN = 16;

    final Lane<R> lane;
    final int[] input;
    final CompletableFuture<Answer<R>> future = new CompletableFuture<>();

    Pending(Lane<R> lane, Request request, int tokens, Choices choices, Timing timing) {
        super(lane.load(), choices, request.budget().isPinned(), tokens, timing);
        this.lane = lane;
        input = request.input();
    }

    @Override
    int room() {
        return Math.max(tokens, input.length / NUMBERS_IN_TOKEN);
    }

    /** @param answer of the lane's model */
    @SuppressWarnings("unchecked") // a batch has requests of one lane, which its model has answered
    void answer(Answer<?> answer) {
        future.complete((Answer<R>) answer);
    }
}
