package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.FormedAttention;
import io.tokenwise.op.Scales;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * What a layer's Q and K make of {@link RelativePositions}: queries and keys of distances, {@code [2 * buckets, 2 * heads * headSize]} (He et al. 2021, equation 4, with
 * the projections of tokens, {@code share_att_key}). They are computed when the model is prepared; where Q and K are trained, in each pass.
 */
public final class ProjectedPositions {
    private static final String WHAT = "vectors of distances";

    private final Parameters owner;
    private final RelativePositions shared;
    private final Parameter values;
    private long version = -1;

    /** @param name of the layer's attention */
    public ProjectedPositions(Parameters parameters, RelativePositions shared, String name, int width) {
        owner = parameters;
        this.shared = shared;
        values = parameters.fixed(name + ".positions", shared.vectors().value().rows(), 2 * width);
    }

    FormedAttention.PositionRows rows() {
        return new FormedAttention.PositionRows(values.value(), shared.rows());
    }

    /** After the model is loaded or trained. */
    synchronized void prepare(Stream stream, Linear qkv) {
        shared.prepare(stream);
        Parameter weight = qkv.weight().parameter();
        long now = (long) shared.vectors().version()
                + weight.version()
                + (qkv.bias() == null ? 0 : qkv.bias().version());
        if (version == now) {
            return;
        }
        Tensor x = shared.vectors().value();
        int width = values.value().columns() / 2;
        try (Arena arena = Arena.ofShared()) {
            Tensor y = owner.backend().allocate(arena, x.rows(), qkv.weight().outputs());
            Tensor bias = qkv.bias() == null ? null : qkv.bias().value();
            stream.linear(x, qkv.weight().prepare(stream), bias, false, null, y);
            Scales.gather(stream, y, new int[] {0, width}, width, values.value());
        }
        values.changed();
        version = now;
    }

    /**
     * In training: null if Q and K are not trained, so that what was computed holds; else of the same layout, with more columns.
     *
     * @throws UnsupportedOperationException if the vectors were to be trained
     */
    Tensor trained(Pass pass, Linear qkv) {
        Tensor vectors = shared.vectors().value();
        pass.frozen(WHAT, vectors, shared.table(), null);
        pass.frozen(WHAT, vectors, shared.norm().gamma(), shared.norm().beta());
        boolean trains =
                pass.tape().trains(qkv.weight().parameter()) || pass.tape().trains(qkv.bias());
        return trains ? qkv.forward(pass, vectors) : null;
    }
}
