package io.tokenwise.model;

import io.tokenwise.acm.leave.Leaving;
import java.util.List;

/**
 * The way through a model for inputs whose budget is less than all: tokens leave, and some of the layers run in their narrow form. At full budget the
 * dense model's own layers run.
 *
 * @param narrow the narrow form of each layer
 */
public record ShortPath<L>(Leaving leaving, List<L> narrow) {
    /** A layer in its narrow form, or the dense model's own. */
    public L layer(List<L> dense, int layer, int narrowLayers) {
        return (leaving.narrow().isNarrow(layer, narrowLayers) ? narrow : dense).get(layer);
    }
}
