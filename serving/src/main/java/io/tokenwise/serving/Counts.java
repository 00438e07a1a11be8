package io.tokenwise.serving;

/** What became of requests. Guarded by the queue's lock. */
final class Counts {
    long accepted;
    long answered;
    long shed;
    long expired;
    long cancelled;
    long failed;
    long batches;
    long batchedRequests;
    long batchedTokens;

    /** Requests of each batch. */
    final Doublings sizes = new Doublings(13);

    /** Tokens of each batch. */
    final Doublings tokens = new Doublings(17);
}
