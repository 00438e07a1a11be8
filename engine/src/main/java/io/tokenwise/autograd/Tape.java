package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * The operations of one forward pass that lead from trainable parameters to its results; {@link #backward} walks them in reverse.
 *
 * <p>An operation none of whose inputs depends on a trainable parameter is not recorded, so frozen parts cost nothing. Used by
 * one pass; not thread-safe.
 */
public final class Tape {
    private final List<Op> ops = new ArrayList<>();
    private final Set<Tensor> tracked = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Records the operation if one of its inputs matters to training. */
    public void record(Op op) {
        if (matters(op)) {
            ops.add(op);
            tracked.add(op.y());
        }
    }

    /** Makes gradients flow to a tensor that no parameter leads to, as tests of gradients want. */
    public void watch(Tensor tensor) {
        tracked.add(tensor);
    }

    public boolean tracks(Tensor tensor) {
        return tracked.contains(tensor);
    }

    /**
     * Walks the operations in reverse. Gradients of tensors are taken from and added to {@code gradients}, which the caller has
     * seeded with those of its losses; gradients of parameters are added where it says.
     */
    public void backward(Gradients gradients, Stream stream, Workspace workspace) {
        var table = new GradientTable(this, gradients, stream, workspace);
        for (int i = ops.size() - 1; i >= 0; i--) {
            Tensor dy = gradients.of(ops.get(i).y());
            if (dy != null) {
                table.apply(ops.get(i), dy);
            }
        }
    }

    private boolean matters(Op op) {
        return switch (op) {
            case Op.Linear(var x, var weight, var bias, var y) ->
                tracks(x) || weight.parameter().trainable() || trains(bias);
            case Op.Gelu(var x, var y) -> tracks(x);
            case Op.Add(var a, var b, var y) -> tracks(a) || tracks(b);
            case Op.LayerNorm(var x, var gamma, var beta, var statistics, var y) ->
                tracks(x) || trains(gamma) || trains(beta);
            case Op.Attention op2 -> tracks(op2.qkv());
            case Op.Softmax(var x, var y) -> tracks(x);
            case Op.EmbeddingSum e -> trains(e.words()) || trains(e.positions()) || trains(e.types());
            case Op.WithFirst first -> tracks(first.x()) || trains(first.first()) || trains(first.positions());
            case Op.Rotate rotate -> tracks(rotate.y());
            case Op.GatedSilu(var x, var units, var y) -> tracks(x);
            case Op.Attend attend -> tracks(attend.queries()) || tracks(attend.keysValues());
            case Op.LinearTransposed(var x, var weight, var y) ->
                tracks(x) || weight.parameter().trainable();
            case Op.TakeRows take -> tracks(take.x());
            case Op.MeanPool pool -> tracks(pool.x());
            case Op.FirstPool pool -> tracks(pool.x());
            case Op.L2Normalize(var x, var norms, var y) -> tracks(x);
            case Op.ScaleBlocks(var x, var scale, var y) -> tracks(x) || tracks(scale);
            case Op.ScaleUnits units -> tracks(units.x()) || tracks(units.scale());
            case Op.Choose choose -> tracks(choose.logits());
        };
    }

    private static boolean trains(Parameter parameter) {
        return parameter != null && parameter.trainable();
    }
}
