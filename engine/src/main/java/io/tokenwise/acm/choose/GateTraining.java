package io.tokenwise.acm.choose;

import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What adaptive modules need of a training step in which gates choose.
 *
 * @param budgetFeatures {@code [tokens, knots]}: each token's budget as the gates read it
 * @param temperature of the Gumbel-softmax
 * @param noise for the Gumbel noise
 * @param running receives one tensor {@code [tokens, learners]} a module: 1 where the learner runs, 0 elsewhere
 */
public record GateTraining(Tensor budgetFeatures, float temperature, RandomGenerator noise, List<Tensor> running) {}
