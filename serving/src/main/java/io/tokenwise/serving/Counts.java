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
}
