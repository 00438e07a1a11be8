package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.model.Encoder;
import java.util.List;

/**
 * What an input cost, as shares of what the dense model takes for one of its length at the same precision.
 *
 * @param time as this machine's cost model predicts it, of the input alone on one thread; NaN for a model whose modules have learners, of which their gates decide only as
 *     they run
 * @param flops multiply-adds of the layers' products and of gates; NaN likewise
 */
public record Spent(double time, double flops) {
    /** All of it. */
    public static final Spent ALL = new Spent(1, 1);

    /**
     * {@return what an input costs}
     *
     * @param model that reads it
     * @param input as the model reads it
     * @param budget that it has
     */
    public static Spent of(Encoder model, int[] input, Budget budget) {
        return new Spent(model.timeShare(input, budget), model.flopsShare(input, budget));
    }

    /** What the parts of an input cost together, by their numbers of tokens. */
    static Spent of(Encoder model, List<int[]> parts, Budget budget) {
        double time = 0;
        double flops = 0;
        int all = 0;
        for (int[] part : parts) {
            int tokens = model.description().tokens(part);
            Spent spent = of(model, part, budget);
            time += tokens * spent.time;
            flops += tokens * spent.flops;
            all += tokens;
        }
        return new Spent(time / all, flops / all);
    }

    /**
     * {@return the share of the dense model's FLOPs that inputs of a model whose tokens leave cost together}
     *
     * @param model that reads them
     * @param inputs as the model reads them, at least one
     * @param budget of each
     */
    public static double flops(Encoder model, List<int[]> inputs, Budget budget) {
        double spent = 0;
        long all = 0;
        for (int[] input : inputs) {
            int tokens = model.description().tokens(input);
            spent += tokens * of(model, input, budget).flops();
            all += tokens;
        }
        return spent / all;
    }
}
