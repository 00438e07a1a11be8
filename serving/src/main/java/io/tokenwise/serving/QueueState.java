package io.tokenwise.serving;

import java.util.List;

/**
 * What a {@link RequestQueue} is doing, and has done since it was started.
 *
 * @param waitingRequests that are accepted and do not run yet
 * @param waitingTokens of them
 * @param runningBatches that run now, each on a thread of its own
 * @param predictedWaitMicros how long a request that came now would wait if all ran at their least budgets
 * @param dial how far budgets of requests that float are turned up: 1 everything at its largest, 0 at its least
 * @param p50Micros time from arrival to answer of half of the requests of the last two seconds; 0 if there were none
 * @param p99Micros of 99 of 100 of them
 * @param accepted requests
 * @param answered requests
 * @param shed requests that were refused because of too much load
 * @param expired accepted requests that were dropped because their deadline passed
 * @param cancelled accepted requests that their caller took back before they ran
 * @param failed accepted requests for which the model threw something, or that {@link RequestQueue#close(java.time.Duration)} gave up
 * @param batches that ran
 * @param batchedRequests that ran in them
 * @param batchedTokens of these
 * @param batchSizes how many batches had 1 request, 2, 3 to 4, 5 to 8 and so on; in the last place those that had more
 * @param batchTokens the same of their tokens
 */
public record QueueState(
        int waitingRequests,
        long waitingTokens,
        int runningBatches,
        long predictedWaitMicros,
        double dial,
        long p50Micros,
        long p99Micros,
        long accepted,
        long answered,
        long shed,
        long expired,
        long cancelled,
        long failed,
        long batches,
        long batchedRequests,
        long batchedTokens,
        List<Long> batchSizes,
        List<Long> batchTokens) {}
