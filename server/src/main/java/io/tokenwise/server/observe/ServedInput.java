package io.tokenwise.server.observe;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What one text, image or segment of a recording cost.
 *
 * @param tokens that the model read
 * @param budget that it ran with, 0..1
 * @param spent share of the dense model's time; NaN if nobody knows
 * @param queueMicros from its arrival in the queue until its batch began
 * @param computeMicros that its batch took
 */
public record ServedInput(int tokens, double budget, double spent, long queueMicros, long computeMicros) {
    /** The mean of a value over the tokens of some inputs; NaN without any. */
    public static double mean(List<ServedInput> inputs, ToDoubleFunction<ServedInput> value) {
        double sum = 0;
        int tokens = 0;
        for (ServedInput input : inputs) {
            sum += input.tokens() * value.applyAsDouble(input);
            tokens += input.tokens();
        }
        return sum / tokens;
    }
}
