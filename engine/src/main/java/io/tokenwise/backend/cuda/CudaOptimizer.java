package io.tokenwise.backend.cuda;

import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.tensor.Tensor;

/** {@link Stream}'s step of an optimizer as a launch; shapes are already checked. */
final class CudaOptimizer {
    private final Launches launches;

    CudaOptimizer(Launches launches) {
        this.launches = launches;
    }

    void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        launches.kernel("adamW")
                .tensor(weight)
                .tensor(gradient)
                .tensor(m)
                .tensor(v)
                .floating(step.rate())
                .floating(step.beta1())
                .floating(step.beta2())
                .floating(step.epsilon())
                .floating(step.decay())
                .floating(step.correction1())
                .floating(step.correction2())
                .floating(step.gradientScale())
                .integer(weight.size())
                .runValues(weight);
    }
}
