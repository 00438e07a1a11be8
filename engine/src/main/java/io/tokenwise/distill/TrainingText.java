package io.tokenwise.distill;

import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.nn.TokenBatch;
import java.util.List;

/** Token sequences in an {@linkplain EpochOrder order} that is new in every epoch and depends on the seed alone. Not thread-safe. */
public final class TrainingText {
    private final List<int[]> sequences;
    private final EpochOrder order;

    public TrainingText(List<int[]> sequences, long seed) {
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("there is no text to train on");
        }
        this.sequences = List.copyOf(sequences);
        this.order = new EpochOrder(sequences.size(), seed);
    }

    /** Sequences given out so far. */
    public long consumed() {
        return order.consumed();
    }

    /** Goes on as if so many sequences had been given out. */
    public void consumed(long sequencesGiven) {
        order.consumed(sequencesGiven);
    }

    /** Fills the batch with the next sequences, until it has at least {@code tokens} tokens. */
    public void next(TokenBatch batch, int tokens) {
        batch.clear();
        while (batch.tokens() < tokens) {
            batch.add(sequences.get(order.next()));
        }
    }
}
