package io.tokenwise.autograd;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") over trainable matrices of hidden layers: a matrix moves along
 * the orthogonal one that is nearest to its gradients' running mean, so that directions which rarely have a gradient are learned as fast as the
 * others. Updates are as large as AdamW's, whose rates and decay fit (Liu et al. 2025, arXiv 2502.16982, equation 4). Not thread-safe.
 */
public final class Muon implements Optimizer {
    /** One that is divided by less is not a number: what is left of a gradient that was zero for long. */
    private static final double LEAST_NORM = 1e-30;

    private static final float MOMENTUM = 0.95f;
    private static final double LIKE_ADAMW = 0.2;

    /** Of an iteration {@code x' = a x + b (x x^T) x + c (x x^T)^2 x} that brings all singular values from 0 to 1 near to 1 (Jordan et al.). */
    private static final float A = 3.4445f;

    private static final float B = -4.7750f;
    private static final float C = 2.0315f;
    private static final int ITERATIONS = 5;

    private final Parameters owner;
    private final List<Slot> slots = new ArrayList<>();
    private final Map<List<Integer>, PackedMatrix> packed = new HashMap<>();
    private final Workspace workspace;
    private final float decay;
    private int step;

    /** A parameter with the running mean of its gradients. */
    private record Slot(Parameter parameter, Parameter m) {}

    /**
     * @param parameters matrices
     * @param workspace for what an update needs in between; given back after each
     * @param decay decoupled weight decay
     */
    public Muon(Parameters owner, List<Parameter> parameters, Workspace workspace, double decay) {
        this.owner = owner;
        this.workspace = workspace;
        this.decay = (float) decay;
        for (Parameter parameter : parameters) {
            owner.train(parameter);
            slots.add(new Slot(parameter, owner.like(parameter, ".m")));
        }
    }

    @Override
    public List<Parameter> parameters() {
        return slots.stream().map(Slot::parameter).toList();
    }

    @Override
    public List<Parameter> means() {
        return slots.stream().map(Slot::m).toList();
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
        for (Slot slot : slots) {
            lookAhead(stream, slot);
        }
        double[] squares = stream.sumsOfSquares(gradients());
        for (int i = 0; i < squares.length; i++) {
            workspace.push();
            update(stream, slots.get(i), Math.sqrt(squares[i]), (float) rate);
            workspace.pop();
        }
        step++;
        return norm;
    }

    private List<Tensor> gradients() {
        return slots.stream().map(slot -> slot.parameter.gradient()).toList();
    }

    /** Nesterov's: the gradient becomes the mean as the next one, if it is like this one, would leave it. */
    private static void lookAhead(Stream stream, Slot slot) {
        Tensor gradient = slot.parameter.gradient();
        Tensor mean = slot.m.value();
        stream.addScaled(mean, MOMENTUM - 1, mean);
        stream.addScaled(gradient, 1, mean);
        stream.addScaled(mean, MOMENTUM, gradient);
    }

    private void update(Stream stream, Slot slot, double norm, float rate) {
        Tensor gradient = slot.parameter.gradient();
        Tensor value = slot.parameter.value();
        if (norm > LEAST_NORM) {
            stream.addScaled(gradient, (float) (1 / norm - 1), gradient);
            Tensor direction = orthogonal(stream, gradient);
            stream.addScaled(value, -rate * decay, value);
            stream.addScaled(
                    direction,
                    (float) (-rate * LIKE_ADAMW * Math.sqrt(Math.max(value.rows(), value.columns()))),
                    value);
            slot.parameter.changed();
        }
        stream.fill(gradient, 0);
    }

    /** Near to the orthogonal matrix nearest to x, of which no singular value is above 1. */
    private Tensor orthogonal(Stream stream, Tensor x) {
        Tensor current = x;
        for (int i = 0; i < ITERATIONS; i++) {
            current = iterate(stream, current);
        }
        return current;
    }

    /** The squares are taken on the side where they are smaller. */
    private Tensor iterate(Stream stream, Tensor x) {
        boolean tall = x.rows() > x.columns();
        int side = Math.min(x.rows(), x.columns());
        Tensor square = workspace.tensor(side, side);
        if (tall) {
            stream.fill(square, 0);
            stream.weightGradient(x, x, workspace, square);
        } else {
            stream.linear(x, packed(stream, x, true), null, false, null, square);
        }
        Tensor polynomial = workspace.tensor(side, side);
        stream.linear(square, packed(stream, square, false), null, false, null, polynomial);
        stream.addScaled(polynomial, C - 1, polynomial);
        stream.addScaled(square, B, polynomial);
        Tensor next = workspace.tensor(x.rows(), x.columns());
        if (tall) {
            stream.linear(x, packed(stream, polynomial, false), null, false, null, next);
        } else {
            stream.linear(polynomial, packed(stream, x, false), null, false, null, next);
        }
        stream.addScaled(x, A, next);
        return next;
    }

    private PackedMatrix packed(Stream stream, Tensor x, boolean transposed) {
        int inputs = transposed ? x.columns() : x.rows();
        int outputs = transposed ? x.rows() : x.columns();
        PackedMatrix matrix = packed.computeIfAbsent(
                List.of(inputs, outputs), _ -> owner.backend().allocatePacked(owner.arena(), inputs, outputs));
        stream.pack(x, transposed, matrix);
        return matrix;
    }
}
