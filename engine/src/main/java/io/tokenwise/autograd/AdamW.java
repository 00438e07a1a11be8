package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import java.util.ArrayList;
import java.util.List;

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) with gradient clipping by global norm, over parameters that are trainable. Not
 * thread-safe.
 */
public final class AdamW implements Optimizer {
    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;
    private static final float EPSILON = 1e-8f;

    private final List<Slot> slots = new ArrayList<>();
    private final double clipNorm;
    private final float decay;
    private int step;

    /** A parameter with its running mean m and running mean square v. */
    private record Slot(Parameter parameter, Parameter m, Parameter v) {}

    /**
     * @param clipNorm gradients are scaled down so that their norm over all parameters is at most this
     * @param decay decoupled weight decay
     */
    public AdamW(Parameters owner, List<Parameter> parameters, double clipNorm, double decay) {
        this.clipNorm = clipNorm;
        this.decay = (float) decay;
        for (Parameter parameter : parameters) {
            owner.train(parameter);
            slots.add(new Slot(parameter, owner.like(parameter, ".m"), owner.like(parameter, ".v")));
        }
    }

    @Override
    public List<Parameter> parameters() {
        return slots.stream().map(Slot::parameter).toList();
    }

    @Override
    public List<Parameter> means() {
        return slots.stream().flatMap(slot -> List.of(slot.m, slot.v).stream()).toList();
    }

    @Override
    public int step() {
        return step;
    }

    @Override
    public void step(int newStep) {
        step = newStep;
    }

    @Override
    public double update(Stream stream, double rate) {
        double norm = Optimizer.gradientNorm(stream, parameters());
        step++;
        var scalars = new AdamWStep(
                (float) rate,
                BETA1,
                BETA2,
                EPSILON,
                decay,
                (float) (1 - Math.pow(BETA1, step)),
                (float) (1 - Math.pow(BETA2, step)),
                (float) Math.min(1, clipNorm / Math.max(norm, 1e-12)));
        for (Slot slot : slots) {
            stream.adamW(slot.parameter.value(), slot.parameter.gradient(), slot.m.value(), slot.v.value(), scalars);
            slot.parameter.changed();
        }
        clear(stream);
        return norm;
    }

    /** Forgets the gradients. */
    public void clear(Stream stream) {
        for (Slot slot : slots) {
            stream.fill(slot.parameter.gradient(), 0);
        }
    }
}
