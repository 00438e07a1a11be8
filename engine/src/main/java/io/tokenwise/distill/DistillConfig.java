package io.tokenwise.distill;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.ModelDescription;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a dense encoder is turned into an adaptive one, or an adaptive one goes on learning. The defaults suit a small encoder and a few minutes on two cores.
 *
 * @param layers what becomes adaptive
 * @param learnerSteps steps of phase 1: learners imitate what they replace, at every width
 * @param gateSteps steps of phase 2: gates of MLPs imitate the best allocation
 * @param endToEndSteps steps of phase 3: learners and gates together, against the teacher's embedding
 * @param tokensPerStep tokens of a batch, about
 * @param learnerRate peak learning rate of the learners
 * @param gateRate peak learning rate of the gates
 * @param temperature of the Gumbel-softmax
 * @param tokenWeight weight of the token vectors' loss beside the embeddings'; of an image the class token's alone
 * @param budgetWeight weight of the budget's loss beside the task's
 * @param lowestBudget budgets are drawn from here to 1
 * @param budgetsPerStep how many different budgets share a batch
 * @param mirrored whether every second image is mirrored, at random; of no meaning for other inputs
 * @param fixed empty, or for a control without gates how many learners each module gives every token, by the modules' paths
 * @param seed of everything random: same seed, same text, same weights
 */
public record DistillConfig(
        AdaptiveLayers layers,
        int learnerSteps,
        int gateSteps,
        int endToEndSteps,
        int tokensPerStep,
        double learnerRate,
        double gateRate,
        double temperature,
        double tokenWeight,
        double budgetWeight,
        double lowestBudget,
        int budgetsPerStep,
        boolean mirrored,
        Map<String, Integer> fixed,
        long seed) {
    /** What learners know already they lose at the full rate: 416 steps of it left minilm-acm no better than it was (docs/lab/tried.md). */
    private static final double GOING_ON_RATE_SHARE = 0.3;

    private static final double LEAVING_RATE = 3e-4;

    private static final double LEAVING_GATE_RATE = 2e-3;

    private static final double LEAVING_TOKEN_WEIGHT = 1;

    /** As full layers with weights of their own learnt best (docs/lab/leaving.md). */
    private static final double DENSE_RATE = 1e-4;

    private static final double DENSE_TOKEN_WEIGHT = 0.5;

    public DistillConfig {
        if (tokensPerStep < 1 || budgetsPerStep < 1) {
            throw new IllegalArgumentException("tokens per step and budgets per step must be at least 1, are "
                    + tokensPerStep + " and " + budgetsPerStep);
        }
        if (learnerSteps < 0 || gateSteps < 0 || endToEndSteps < 0) {
            throw new IllegalArgumentException(
                    "steps must not be negative, are " + learnerSteps + ", " + gateSteps + " and " + endToEndSteps);
        }
        // In one order: it is part of what a checkpoint compares.
        fixed = Collections.unmodifiableMap(new TreeMap<>(fixed));
        if (!(lowestBudget > 0 && lowestBudget < 1)) {
            throw new IllegalArgumentException("lowest budget " + lowestBudget + " must be above 0 and below 1");
        }
    }

    /**
     * The defaults for training on about {@code tokens} tokens in all, in ten steps or more.
     *
     * @throws IllegalArgumentException if they are none, or more than there are numbers of steps for
     */
    public static DistillConfig forTokens(long tokens, long seed) {
        if (tokens < 1) {
            throw new IllegalArgumentException("tokens to train on: " + tokens + ", must be at least 1");
        }
        int tokensPerStep = 768;
        if (tokens / tokensPerStep > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "tokens to train on: " + tokens + ", must be at most " + (long) tokensPerStep * Integer.MAX_VALUE);
        }
        int steps = Math.toIntExact(Math.max(10, tokens / tokensPerStep));
        return new DistillConfig(
                AdaptiveLayers.parse("mlp,qk,vo", 4).withMlpLearners(1),
                steps / 10,
                steps / 10,
                steps - 2 * (steps / 10),
                tokensPerStep,
                3e-4,
                1e-2,
                0.8,
                1,
                1,
                0.25,
                4,
                true,
                Map.of(),
                seed);
    }

    /**
     * The same for a model of which nobody says more: what is usual becomes adaptive, and what is adaptive goes on learning.
     *
     * @throws IllegalArgumentException if the model is a control, which has no gates
     */
    public DistillConfig suiting(ModelDescription model) {
        AdaptiveConfig known = AdaptiveConfig.of(model);
        if (known.shortPath().isPresent()) {
            return leavingGoesOn();
        }
        return known.acm().isPresent()
                ? goingOn(known.acm().get())
                : withLayers(model.adaptable().usualLayers());
    }

    /**
     * The same for other layers. Without MLPs there is no second phase, whose steps the third one gets, and no budget below a learner for each token, which attention's gates
     * always give.
     */
    public DistillConfig withLayers(AdaptiveLayers newLayers) {
        if (newLayers.tokens()) {
            return leaving();
        }
        double lowest = newLayers.mlp() ? lowestBudget : Math.max(lowestBudget, 1.0 / newLayers.learners());
        return with(newLayers, learnerSteps, newLayers.mlp() ? gateSteps : 0, learnerRate, lowest, mirrored, fixed);
    }

    /**
     * The same for tokens that leave: the gate learns first, then the narrow layers, with shares of the tokens of their own.
     */
    private DistillConfig leaving() {
        return leaving(steps() / 8, LEAVING_RATE);
    }

    /** The same for a model whose tokens leave already and that goes on learning: its layers do, and its gate stays as it is. */
    public DistillConfig leavingGoesOn() {
        return leaving(0, LEAVING_RATE * GOING_ON_RATE_SHARE);
    }

    private DistillConfig leaving(int gates, double rate) {
        return new DistillConfig(
                AdaptiveLayers.LEAVING,
                0,
                gates,
                steps() - gates,
                tokensPerStep,
                rate,
                LEAVING_GATE_RATE,
                temperature,
                LEAVING_TOKEN_WEIGHT,
                0,
                lowestBudget,
                budgetsPerStep,
                mirrored,
                Map.of(),
                seed);
    }

    /**
     * The same for a model that is adaptive already and goes on learning: all steps are of the third phase, learners' rate is lower, and budgets that its gates cannot reach
     * are not asked of them.
     *
     * @throws IllegalArgumentException if the model is a control, which has no gates
     */
    public DistillConfig goingOn(AcmConfig model) {
        if (!model.fixed().isEmpty()) {
            throw new IllegalArgumentException(
                    "the model is a control, without gates: it cannot go on learning; train one anew from a dense model");
        }
        double lowest = Math.max(lowestBudget, model.calibration().leastSpent());
        return with(model.layers(), 0, 0, learnerRate * GOING_ON_RATE_SHARE, lowest, mirrored, Map.of());
    }

    /** The same for a control: a student without gates, so without the second phase, whose steps the third one gets. */
    public DistillConfig withFixed(Map<String, Integer> newFixed) {
        return with(layers, learnerSteps, 0, learnerRate, lowestBudget, mirrored, newFixed);
    }

    /** The same for a dense student that is given shorter texts: there is nothing but its layers to be trained, all the time. */
    public DistillConfig denseStudent() {
        return new DistillConfig(
                layers,
                0,
                0,
                steps(),
                tokensPerStep,
                DENSE_RATE,
                gateRate,
                temperature,
                DENSE_TOKEN_WEIGHT,
                budgetWeight,
                lowestBudget,
                budgetsPerStep,
                mirrored,
                Map.of(),
                seed);
    }

    /** The same for images that are mirrored or not; digits and letters mean something else when they are. */
    public DistillConfig withMirrored(boolean newMirrored) {
        return with(layers, learnerSteps, gateSteps, learnerRate, lowestBudget, newMirrored, fixed);
    }

    /** The same for budgets from there up. */
    public DistillConfig withLowestBudget(double newLowest) {
        return with(layers, learnerSteps, gateSteps, learnerRate, newLowest, mirrored, fixed);
    }

    /** The same at rates so many times as high. */
    public DistillConfig withRatesTimes(double factor) {
        return new DistillConfig(
                layers,
                learnerSteps,
                gateSteps,
                endToEndSteps,
                tokensPerStep,
                factor * learnerRate,
                factor * gateRate,
                temperature,
                tokenWeight,
                budgetWeight,
                lowestBudget,
                budgetsPerStep,
                mirrored,
                fixed,
                seed);
    }

    /** The steps stay as many in all: the third phase gets what the others lose. */
    private DistillConfig with(
            AdaptiveLayers newLayers,
            int newLearnerSteps,
            int newGateSteps,
            double newLearnerRate,
            double newLowestBudget,
            boolean newMirrored,
            Map<String, Integer> newFixed) {
        return new DistillConfig(
                newLayers,
                newLearnerSteps,
                newGateSteps,
                steps() - newLearnerSteps - newGateSteps,
                tokensPerStep,
                newLearnerRate,
                gateRate,
                temperature,
                tokenWeight,
                budgetWeight,
                newLowestBudget,
                budgetsPerStep,
                newMirrored,
                newFixed,
                seed);
    }

    /** Steps of all phases. */
    public int steps() {
        return learnerSteps + gateSteps + endToEndSteps;
    }
}
