package io.tokenwise.distill;

import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Variation;
import io.tokenwise.nn.TokenBatch;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;
import java.util.random.RandomGenerator;

/**
 * Inputs, such as token ids or pixels, in an {@linkplain EpochOrder order} that is new in every epoch, varied as wanted; all that is random depends on
 * the seed and the number of inputs given out alone. Not thread-safe.
 */
public final class TrainingInputs {
    private final List<int[]> inputs;
    private final ToIntFunction<int[]> tokens;
    private final Variation variation;
    private final long seed;
    private final EpochOrder order;
    private final Workers workers;

    /** Whose batch is not wanted here. */
    private final TokenBatch others = new TokenBatch();

    /**
     * @param tokens that the model makes of an input
     * @param workers who take turns: of batches that one alone would have one after the other each has its own
     */
    private TrainingInputs(
            List<int[]> inputs, ToIntFunction<int[]> tokens, Variation variation, long seed, Workers workers) {
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("there is nothing to train on");
        }
        this.inputs = List.copyOf(inputs);
        this.tokens = tokens;
        this.variation = variation;
        this.seed = seed;
        this.order = new EpochOrder(inputs.size(), seed);
        this.workers = workers;
    }

    /** Inputs of a model: images shifted, and mirrored if the settings say so, others as they are. */
    static TrainingInputs of(List<int[]> inputs, ModelDescription model, DistillConfig config, Workers workers) {
        return new TrainingInputs(inputs, model::tokens, model.variation(config.mirrored()), config.seed(), workers);
    }

    /** Texts, as they are. */
    public static TrainingInputs texts(List<int[]> sequences, long seed) {
        return texts(sequences, seed, Workers.ALONE);
    }

    static TrainingInputs texts(List<int[]> sequences, long seed, Workers workers) {
        return new TrainingInputs(sequences, ids -> ids.length, Variation.NONE, seed, workers);
    }

    /** All of them, in the order in which they were given. */
    List<int[]> all() {
        return inputs;
    }

    /** How many tokens those have whose number of tokens is of use. */
    long tokens(IntPredicate useful) {
        return inputs.stream().mapToInt(tokens).filter(useful).asLongStream().sum();
    }

    /** The number that a step's batch would have if one worker had them all. */
    long batch(int step) {
        return (long) step * workers.count() + workers.rank();
    }

    /** Inputs given out so far, to all workers. */
    public long consumed() {
        return order.consumed();
    }

    /** Goes on as if so many inputs had been given out. */
    public void consumed(long inputsGiven) {
        order.consumed(inputsGiven);
    }

    /** Fills the batch with the next inputs, until it has at least {@code wanted} tokens. */
    public void next(TokenBatch batch, int wanted) {
        next(batch, wanted, _ -> true);
    }

    /** The same with inputs whose number of tokens is of use alone; there must be some, or this does not end. */
    void next(TokenBatch batch, int wanted, IntPredicate useful) {
        for (int rank = 0; rank < workers.count(); rank++) {
            fill(rank == workers.rank() ? batch : others, wanted, useful);
        }
    }

    private void fill(TokenBatch batch, int wanted, IntPredicate useful) {
        batch.clear();
        while (batch.tokens() < wanted) {
            RandomGenerator random = EpochOrder.random(seed, order.consumed());
            int[] input = variation.of(inputs.get(order.next()), random);
            if (useful.test(tokens.applyAsInt(input))) {
                batch.add(input, tokens.applyAsInt(input));
            }
        }
    }
}
