package io.tokenwise.server.observe;

/**
 * What one text, image or recording of a request cost.
 *
 * @param tokens that the model read
 * @param budget that it ran with, 0..1
 * @param spent share of the dense model's time; NaN if nobody knows
 * @param queueMicros from its arrival in the queue until its batch began
 * @param computeMicros that its batch took
 */
public record ServedInput(int tokens, double budget, double spent, long queueMicros, long computeMicros) {}
