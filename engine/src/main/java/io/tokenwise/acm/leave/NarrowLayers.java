package io.tokenwise.acm.leave;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Which layers run in their narrow form when so many do. A narrow layer has weights of its own, and an MLP of a quarter of the dense one's hidden units, one product for all
 * tokens; the other layers are the dense model's own, so that a result keeps near the dense model's. Immutable.
 *
 * @param first the layers' indices in the order in which they become narrow
 */
public record NarrowLayers(List<Integer> first) {
    /** The share of the dense MLP's hidden units. */
    public static final double UNITS_SHARE = 0.25;

    /** Of six layers each number of them may be narrow, of more about as many numbers: a short text has no other way to a budget, as its tokens leave in fours. */
    private static final int STEPS = 6;

    /** @throws IllegalArgumentException if an index is missing or there twice */
    public NarrowLayers {
        first = List.copyOf(first);
        if (!first.stream().sorted().toList().equals(ascending(first.size()))) {
            throw new IllegalArgumentException(
                    "acm.shortPath.narrowFirst must have each layer's index once, has " + first);
        }
    }

    private static List<Integer> ascending(int layers) {
        return IntStream.range(0, layers).boxed().toList();
    }

    /** The earlier layers first. */
    public static NarrowLayers inOrder(int layers) {
        return new NarrowLayers(ascending(layers));
    }

    /** How many layers of a model plans may have narrow, ascending from none. */
    public static List<Integer> counts(int layers) {
        return IntStream.rangeClosed(0, STEPS)
                .map(step -> Math.round((float) step * layers / STEPS))
                .distinct()
                .boxed()
                .toList();
    }

    /**
     * Hidden units of a narrow MLP.
     *
     * @throws IllegalArgumentException if the dense one's cannot be quartered
     */
    public static int unitsOf(int dense) {
        if (dense % 4 != 0) {
            throw new IllegalArgumentException("an MLP of " + dense + " hidden units cannot be narrowed to a quarter");
        }
        return dense / 4;
    }

    /** Whether a layer is among the first so many. */
    public boolean isNarrow(int layer, int narrowLayers) {
        for (int i = 0; i < narrowLayers; i++) {
            if (first.get(i) == layer) {
                return true;
            }
        }
        return false;
    }
}
