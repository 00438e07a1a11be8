package io.tokenwise.serving;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;

/**
 * What a {@link Lane} answers.
 *
 * @param <R> what the model gives for an input
 * @param result of the model
 * @param budget that it had
 * @param spent what it cost, as shares of the dense model's time and FLOPs
 * @param queueMicros from its arrival until its batch began
 * @param computeMicros that its batch took
 */
public record Answer<R>(R result, Budget budget, Spent spent, long queueMicros, long computeMicros) {}
