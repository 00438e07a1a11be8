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

    /**
     * Of each sequence of the pass's batch a row for each token, or for those that are asked for.
     *
     * @param tokens the last layer's vectors of all
     * @param places of each sequence, no token twice; null for all tokens
     */
    float[][][] read(Pass pass, Tensor tokens, List<int[]> places) {
        TokenBatch batch = pass.batch();
        var rows = new float[batch.sequences()][][];
        var flat = new float[places == null ? batch.tokens() : count(places)][];
        var from = new int[flat.length];
        int next = 0;
        for (int i = 0; i < rows.length; i++) {
            int first = batch.offsets()[i];
            int[] some = places == null ? IntStream.range(0, batch.length(i)).toArray() : places.get(i);
            rows[i] = new float[some.length][encoder.outputs()];
            for (int k = 0; k < some.length; k++) {
                flat[next] = rows[i][k];
                // Beyond its end are another sequence's rows.
                from[next++] = first + Objects.checkIndex(some[k], batch.length(i));
            }
        }
        read(pass, tokens, from, flat);
        return rows;
    }

    private static int count(List<int[]> places) {
        return places.stream().mapToInt(some -> some.length).sum();
    }

    private void read(Pass pass, Tensor tokens, int[] from, float[][] to) {
        for (int done = 0; done < to.length; ) {
            int first = done;
            int count = Math.min(atOnce, to.length - done);
            pass.push();
            Tensor x = pass.tensor(count, tokens.columns());
            TakenRows.forward(pass.stream(), tokens, Arrays.copyOfRange(from, first, first + count), x);
            try (HostTensor values = pass.stream().read(encoder.outputs(pass, x, pass.batch()))) {
                for (int i = 0; i < count; i++) {
                    values.copyRow(i, to[first + i], 0);
                }
            }
            pass.pop();
            done += count;
        }
    }
}
