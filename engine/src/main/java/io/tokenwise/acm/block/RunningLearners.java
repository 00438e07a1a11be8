package io.tokenwise.acm.block;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/**
 * In training: from which learners run ({@code [tokens, N]}, r_1 to r_N, each 0 or 1, descending; the last one is all that has no weights of its
 * own) the factors of what is computed. A
 * token with all learners has the dense block instead of them, so learner n counts {@code r_n - r_N} and the dense block r_N. All factors are
 * linear in r, so that the gradient of each r_n, whatever the token has, is what its learner, or for r_N the dense block, would change.
 */
final class RunningLearners {
    private final Parameters owner;
    private final int learners;
    private final Linear partly;
    private final Linear padded;
    private final Linear biased;
    private final Linear wholly;
    private final Linear partial;

    RunningLearners(Parameters owner, int learners) {
        this.owner = owner;
        this.learners = learners;
        partly = factors(learners - 1, 0);
        padded = padded(0, 1);
        biased = factors(learners, 1);
        set(biased.bias(), 0, 0, 1);
        partial = partial(0, 1);
        wholly = wholly(0, 1);
    }

    /** Makes {@link #padded} of one of so many modules, in their columns of {@code [tokens, modules * N]}, and 0 in the others'. */
    Linear padded(int module, int modules) {
        Parameter weight = owner.fixed("r_n - r_N", learners, modules * learners);
        try (HostTensor values = weight.write()) {
            for (int learner = 0; learner < learners - 1; learner++) {
                values.set(learner, module * learners + learner, 1);
                values.set(learners - 1, module * learners + learner, -1);
            }
        }
        return new Linear(new Weight(owner, weight), null);
    }

    /** Makes {@link #wholly} of one of so many modules, in its column of {@code [tokens, modules]}, and 0 in the others'. */
    Linear wholly(int module, int modules) {
        Parameter weight = owner.fixed("r_N", learners, modules);
        set(weight, learners - 1, module, 1);
        return new Linear(new Weight(owner, weight), null);
    }

    /** Makes {@link #partial} of one of so many modules, in its column of {@code [tokens, modules]}, and 0 in the others'. */
    Linear partial(int module, int modules) {
        Linear negative = wholly(module, modules);
        set(negative.weight().parameter(), learners - 1, module, -1);
        Parameter bias = owner.fixed("1", 1, modules);
        set(bias, 0, module, 1);
        return new Linear(negative.weight(), bias);
    }

    private static void set(Parameter parameter, int row, int column, float value) {
        try (HostTensor values = parameter.write()) {
            values.set(row, column, value);
        }
    }

    /** {@code r_n - r_N} in column {@code first + n - 1}, and {@code -r_N} in those before it. */
    private Linear factors(int columns, int first) {
        Parameter weight = owner.fixed("r_n - r_N", learners, columns);
        try (HostTensor values = weight.write()) {
            for (int column = 0; column < columns; column++) {
                int learner = column - first;
                if (learner < learners - 1) {
                    values.set(learners - 1, column, -1);
                }
                if (learner >= 0 && learner < learners - 1) {
                    values.set(learner, column, 1);
                }
            }
        }
        return new Linear(new Weight(owner, weight), owner.fixed("1", 1, columns));
    }

    /** Lets {@link #partly} and {@link #biased} run without a tape. */
    void prepare(Stream stream) {
        partly.weight().prepare(stream);
        biased.weight().prepare(stream);
    }

    /** {@code r_n - r_N} of all but the last learner, {@code [tokens, N - 1]}. */
    Tensor partly(Pass pass, Tensor running) {
        return partly.forward(pass, running);
    }

    /** The same with a last column of zeros, for what belongs to the last learner, {@code [tokens, N]}. */
    Tensor padded(Pass pass, Tensor running) {
        return padded.forward(pass, running);
    }

    /** {@code 1 - r_N} before the same, for what every token has that lacks a learner, {@code [tokens, N]}. */
    Tensor biased(Pass pass, Tensor running) {
        return biased.forward(pass, running);
    }

    /** {@code 1 - r_N}, {@code [tokens, 1]}. */
    Tensor partial(Pass pass, Tensor running) {
        return partial.forward(pass, running);
    }

    /** {@code r_N}, {@code [tokens, 1]}. */
    Tensor wholly(Pass pass, Tensor running) {
        return wholly.forward(pass, running);
    }
}
