package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Answers when a test says so. */
final class WaitingRoute implements Route {
    private final BlockingQueue<CompletableFuture<Reply>> asked = new LinkedBlockingQueue<>();

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        var answer = new CompletableFuture<Reply>();
        exchange.cancelWhenGone(answer);
        asked.add(answer);
        return answer;
    }

    /** The answer to the next request, which is waited for. */
    CompletableFuture<Reply> asked() throws InterruptedException {
        CompletableFuture<Reply> answer = asked.poll(20, TimeUnit.SECONDS);
        assertThat(answer).as("no request came").isNotNull();
        return answer;
    }
}
