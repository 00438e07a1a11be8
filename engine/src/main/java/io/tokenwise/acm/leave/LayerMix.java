package io.tokenwise.acm.leave;

import java.util.List;
import java.util.stream.Stream;

/**
 * Which layers the tokens that stay go through: so many of them are narrow ({@link NarrowLayers}); the others are the dense model's own, or full ones, which have its sizes
 * and weights of their own, that learnt to do without the tokens that leave and with narrow layers beside them.
 *
 * @param narrow how many are narrow
 * @param full whether the others are full ones
 */
public record LayerMix(int narrow, boolean full) {
    /** The dense model. */
    public static final LayerMix DENSE = new LayerMix(0, false);

    /** Those that plans of a model of so many layers may have, the narrower later. */
    public static List<LayerMix> all(int layers) {
        return NarrowLayers.counts(layers).stream()
                .flatMap(narrow -> narrow == layers
                        ? Stream.of(new LayerMix(narrow, false))
                        : Stream.of(new LayerMix(narrow, false), new LayerMix(narrow, true)))
                .toList();
    }
}
