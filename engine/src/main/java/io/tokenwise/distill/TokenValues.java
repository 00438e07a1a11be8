package io.tokenwise.distill;

import io.tokenwise.Embedding;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.api.Budget;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Losses;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What tokens are worth to the teacher: how far its result moves when one of them is left out. It is measured, one token after the other: that costs a
 * forward for each, and is exact.
 */
final class TokenValues {
    /** Below this a loss is rounding. */
    static final double LEAST_LOSS = 1e-6;

    /** Rows that run through the teacher at once. */
    private static final int MOST_ROWS = 4_096;

    private final Encoder teacher;
    private final ShortPlans plans;
    private final int tokensPerInput;
    private final double spread;
    private final TokenBatch part = new TokenBatch();

    /**
     * @param tokensPerInput how many tokens of an input are left out, each once
     * @param spread the teacher's {@link ScoreSpread}
     */
    TokenValues(Encoder teacher, ShortPlans plans, int tokensPerInput, double spread) {
        this.teacher = teacher;
        this.plans = plans;
        this.tokensPerInput = tokensPerInput;
        this.spread = spread;
    }

    /** An input of the batch without one of its tokens. */
    private record LeftOut(int input, int row) {}

    /**
     * For each token of the batch {@code log(tokens * loss)}, where the loss is how far ({@link #loss}) the result without it from the
     * result with all; NaN for tokens that were not left out.
     *
     * @param pass with a workspace of its own
     */
    float[] measure(Pass pass, TokenBatch batch, RandomGenerator random) {
        Tensor embeddings = teacher.embeddings(pass.begin(Budget.FULL), batch);
        // The layers' result takes their input's place, and these are needed again for each token that is left out.
        Tensor again = pass.tensor(embeddings.rows(), embeddings.columns());
        pass.stream().copy(embeddings, again);
        Tensor wanted = teacher.outputs(pass, teacher.layers(pass, again), batch);
        var values = new float[batch.tokens()];
        Arrays.fill(values, Float.NaN);
        List<LeftOut> all = draw(batch, random);
        int done = 0;
        while (done < all.size()) {
            int from = done;
            int rows = 0;
            while (done < all.size() && (done == from || rows < MOST_ROWS)) {
                rows += batch.length(all.get(done++).input()) - 1;
            }
            pass.push();
            measure(pass, batch, embeddings, wanted, all.subList(from, done), rows, values);
            pass.pop();
        }
        return values;
    }

    private List<LeftOut> draw(TokenBatch batch, RandomGenerator random) {
        var drawn = new ArrayList<LeftOut>();
        for (int input = 0; input < batch.sequences(); input++) {
            int first = batch.offsets()[input] + plans.first();
            int count = batch.length(input) - plans.first() - plans.last();
            int[] rows = new int[count];
            Arrays.setAll(rows, i -> first + i);
            for (int i = 0; i < Math.min(count, tokensPerInput); i++) {
                int other = i + random.nextInt(count - i);
                int row = rows[other];
                rows[other] = rows[i];
                rows[i] = row;
                drawn.add(new LeftOut(input, row));
            }
        }
        return drawn;
    }

    private void measure(
            Pass pass,
            TokenBatch batch,
            Tensor embeddings,
            Tensor wanted,
            List<LeftOut> some,
            int rowCount,
            float[] values) {
        var rows = new int[rowCount];
        part.clear();
        int at = 0;
        for (LeftOut leftOut : some) {
            int from = at;
            int first = batch.offsets()[leftOut.input()];
            for (int row = first; row < batch.offsets()[leftOut.input() + 1]; row++) {
                if (row != leftOut.row()) {
                    rows[at++] = row;
                }
            }
            part.addRows(rows, from, at, first);
        }
        pass.over(part);
        Tensor y = teacher.outputs(pass, teacher.layers(pass, TakenRows.of(pass, embeddings, rows, rowCount)), part);
        try (HostTensor without = pass.stream().read(y);
                HostTensor whole = pass.stream().read(wanted)) {
            for (int i = 0; i < some.size(); i++) {
                int input = some.get(i).input();
                double loss = loss(teacher.description(), row(without, i), row(whole, input), spread);
                values[some.get(i).row()] = (float) Math.log(batch.length(input) * Math.max(LEAST_LOSS, loss));
            }
        }
    }

    /** How far a result is from the wanted one: cosine distance; of classes the divergence of the probabilities, of scores the squared distance, by their {@link ScoreSpread}. */
    static double loss(ModelDescription model, float[] y, float[] wanted, double spread) {
        return switch (model.objective()) {
            case CLASSES -> Losses.divergence(y, wanted);
            case SCORES -> squaredDistance(y, wanted) / spread;
            default -> 1 - Embedding.cosine(y, wanted);
        };
    }

    private static double squaredDistance(float[] y, float[] wanted) {
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            double difference = y[i] - wanted[i];
            sum += difference * difference;
        }
        return sum;
    }

    private static float[] row(HostTensor y, int row) {
        var values = new float[y.columns()];
        y.copyRow(row, values, 0);
        return values;
    }
}
