package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.Linears;
import io.tokenwise.op.Scales;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * {@link AdaptiveMlp} in training: learners and the dense MLP are computed for all tokens, and scaled by 0 where they do not count.
 *
 * @param factors of what is computed
 */
record MaskedMlp(RunningLearners factors, MlpLearners learned, Acm acm) {
    static MaskedMlp of(MlpLearners learned, Acm acm) {
        return new MaskedMlp(new RunningLearners(learned.owner(), learned.trained() + 1), learned, acm);
    }

    /** The block's output, without residual; see {@link AdaptiveBlock#outputs}. */
    Tensor outputs(Pass pass, Tensor x, List<Tensor> running) {
        Mlp dense = learned.dense();
        Tensor partly = partly(pass, x, running.getFirst());
        Tensor whole = dense.down().forward(pass, dense.units(pass, x));
        return Sums.of(pass, partly, Scales.blocks(pass, whole, factors.wholly(pass, running.getFirst())));
    }

    /** What tokens get that have not all learners. */
    private Tensor partly(Pass pass, Tensor x, Tensor running) {
        Tensor all = learned.dense().units(pass, x, learned.up(), learned.width());
        Tensor units = Scales.blocks(pass, all, factors.partly(pass, running));
        Tensor added = Linears.of(pass, factors.biased(pass, running), learned.biases(), null, false, null);
        return Linears.of(pass, units, learned.down(), null, false, added);
    }

    /** See {@link AdaptiveMlp#errors}. */
    void errors(Pass pass, Tensor x, Tensor target, float[] errors) {
        prepare(pass.stream());
        int trained = learned.trained();
        try (HostTensor wanted = pass.stream().read(target)) {
            for (int choice = 0; choice <= trained; choice++) {
                pass.push();
                Tensor running = acm.running(pass, x.rows(), acm.count(choice));
                try (HostTensor found = pass.stream().read(partly(pass, x, running))) {
                    squaredDistances(found, wanted, errors, choice);
                }
                pass.pop();
            }
        }
        for (int token = 0; token < x.rows(); token++) {
            errors[token * acm.choices() + trained + 1] = 0;
        }
    }

    /** What {@link #partly} needs where there is no tape. */
    private void prepare(Stream stream) {
        learned.up().weight().prepare(stream);
        learned.down().prepare(stream);
        learned.biases().prepare(stream);
        factors.prepare(stream);
    }

    private void squaredDistances(HostTensor y, HostTensor target, float[] errors, int choice) {
        for (int row = 0; row < y.rows(); row++) {
            double sum = 0;
            for (int column = 0; column < y.columns(); column++) {
                double difference = y.get(row, column) - target.get(row, column);
                sum += difference * difference;
            }
            errors[row * acm.choices() + choice] = (float) sum;
        }
    }
}
