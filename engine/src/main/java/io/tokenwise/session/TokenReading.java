package io.tokenwise.session;

import io.tokenwise.model.Encoder;
import io.tokenwise.model.RowMemory;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/** Makes and reads what a model gives for tokens, so many at once that memory is bounded: of each token there may be a number for each word of a vocabulary. */
final class TokenReading {
    private final Encoder encoder;
    private final int atOnce;

    TokenReading(Encoder encoder) {
        this.encoder = encoder;
        atOnce = RowMemory.rowsAtOnce(encoder.outputs());
    }

    /** Gets the rows that were asked for, in their order. */
    @FunctionalInterface
    interface Rows {
        /**
         * @param sequence of the batch
         * @param k which one of those of that sequence
         */
        void row(int sequence, int k, float[] values);

        /** Before some more are made, that many of the batch have been. */
        default void next(int done) {}
    }

    /**
     * Makes of each sequence of the pass's batch a row for each token, or for those that are asked for.
     *
     * @param tokens the last layer's vectors of all
     * @param places of each sequence, no token twice; null for all tokens
     */
    void read(Pass pass, Tensor tokens, List<int[]> places, Rows rows) {
        TokenBatch batch = pass.batch();
        var from = new int[places == null ? batch.tokens() : count(places)];
        var sequences = new int[from.length];
        var numbers = new int[from.length];
        int next = 0;
        for (int i = 0; i < batch.sequences(); i++) {
            int first = batch.offsets()[i];
            int[] some = places == null ? IntStream.range(0, batch.length(i)).toArray() : places.get(i);
            for (int k = 0; k < some.length; k++) {
                // Beyond its end are another sequence's rows.
                from[next] = first + Objects.checkIndex(some[k], batch.length(i));
                sequences[next] = i;
                numbers[next++] = k;
            }
        }
        for (int done = 0; done < from.length; ) {
            rows.next(done);
            int first = done;
            int count = Math.min(atOnce, from.length - done);
            pass.push();
            Tensor x = pass.tensor(count, tokens.columns());
            TakenRows.forward(pass.stream(), tokens, Arrays.copyOfRange(from, first, first + count), x);
            try (HostTensor values = pass.stream().read(encoder.outputs(pass, x, pass.batch()))) {
                for (int i = 0; i < count; i++) {
                    var row = new float[encoder.outputs()];
                    values.copyRow(i, row, 0);
                    rows.row(sequences[first + i], numbers[first + i], row);
                }
            }
            pass.pop();
            done += count;
        }
    }

    private static int count(List<int[]> places) {
        return places.stream().mapToInt(some -> some.length).sum();
    }
}
