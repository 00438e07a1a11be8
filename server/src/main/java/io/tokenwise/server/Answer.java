package io.tokenwise.server;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;

/** What an input gave, what it was allowed and what it cost. */
record Answer<R>(R result, Budget budget, Spent spent, long queueMicros, long computeMicros) {}
