package io.tokenwise.acm.block;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * O for inference: a product whose inputs, the columns of the context, are in the order of learners. A token with all learners has the dense
 * weight.
 */
final class AttentionOutput {
    private final AttentionLearners learned;
    private final LearnerColumns columns;
    private final Parameter biases;
    private final SlicedWeight wholeWeight;
    /** c_0. */
    private final Tensor resting;

    /** What the first slice adds on write-back: c_0 and the c_n of its learners. */
    private final Tensor firstBias;

    /** Of a token with all learners. */
    private final Tensor wholeBias;

    /** What inference uses; null until it is prepared. */
    private InputSlices whole;

    private SlicedWeight sliced;

    private InputSlices slices;

    private int biasVersion;

    /** @param columns of the context, which are rows of the weights */
    AttentionOutput(AttentionLearners learned, LearnerColumns columns) {
        this.learned = learned;
        this.columns = columns;
        Linear dense = learned.dense().output();
        biases = learned.outputBiases().parameter();
        resting = c(0);
        wholeWeight = new SlicedWeight(learned.owner(), dense.weight().parameter(), 1, false, columns.order());
        firstBias = learned.owner().constant(1, dense.weight().outputs());
        wholeBias = dense.bias() == null
                ? learned.owner().constant(1, dense.weight().outputs())
                : dense.bias().value();
    }

    void prepare(Stream stream) {
        List<PackedMatrix> wholePacked = wholeWeight.prepare(stream);
        if (sliced == null && columns.isDecided()) {
            sliced = new SlicedWeight(
                    learned.owner(), learned.output().parameter(), columns.acm().slices(), false, columns.sliced());
        }
        List<PackedMatrix> packed = columns.isDecided() ? sliced.prepare(stream) : List.of();
        if (whole != null && biasVersion == biases.version()) {
            return;
        }
        whole = new InputSlices(wholePacked, List.of(wholeBias));
        if (columns.isDecided()) {
            stream.add(resting, c(1), firstBias);
            for (int n = 2; n <= columns.acm().learnersPerSlice(); n++) {
                stream.add(firstBias, c(n), firstBias);
            }
            var added = new ArrayList<Tensor>();
            for (int n = 0; n < columns.acm().slices(); n++) {
                added.add(n == 0 ? firstBias : c(n + 1));
            }
            slices = new InputSlices(packed, added);
        }
        biasVersion = biases.version();
    }

    private boolean isPrepared() {
        return wholeWeight.isPrepared()
                && (!columns.isDecided() || sliced != null && sliced.isPrepared())
                && biasVersion == biases.version();
    }

    private Tensor c(int learner) {
        int hidden = biases.value().columns();
        return biases.value().part((long) learner * hidden, hidden);
    }

    /** {@code y = residual + what the learners that run give}. */
    void run(Pass pass, Tensor context, Tensor residual, Tensor y) {
        assert isPrepared() : biases + " and what belongs to it was changed and not prepared again";
        Stream stream = pass.stream();
        if (!columns.isDecided()) {
            stream.linear(context, whole.weights().getFirst(), wholeBias, false, residual, y);
            return;
        }
        stream.sumSlices(context, columns.routing(pass), whole, slices, resting, residual, y);
    }
}
