package io.tokenwise.model;

import io.tokenwise.acm.leave.LayerMix;
import io.tokenwise.acm.leave.Leaving;
import java.util.List;

/**
 * The way through a model for inputs whose budget is less than all: tokens leave, and layers have other forms. At full budget the dense model's own layers run.
 *
 * @param narrow the narrow form of each layer
 * @param full of each layer the form that has the dense one's sizes and weights of its own
 */
record ShortPath<L>(Leaving leaving, List<L> narrow, List<L> full) {
    /** A layer in one of its forms. */
    L layer(List<L> dense, int layer, LayerMix mix) {
        if (leaving.narrow().isNarrow(layer, mix.narrow())) {
            return narrow.get(layer);
        }
        return (mix.full() ? full : dense).get(layer);
    }
}
