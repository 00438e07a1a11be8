package io.tokenwise.server;

import java.util.concurrent.CompletableFuture;

/** An endpoint. Called by many threads at once, all of them the network's: it must not compute or block. */
interface Route {
    /**
     * Answers a request, now or later.
     *
     * @return the answer; failed with an {@link ApiError} for what the client did wrong. Any other failure is the server's fault, and
     *     the client is told no more than that
     * @throws ApiError the same as a future that has failed with it
     */
    CompletableFuture<Reply> handle(Exchange exchange);
}
