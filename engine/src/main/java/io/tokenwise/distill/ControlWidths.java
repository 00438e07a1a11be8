package io.tokenwise.distill;

import io.tokenwise.acm.block.AdaptiveLayers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How many learners each module of a control gives every token, by the modules' paths. A control is a student without gates, trained as an
 * adaptive one is, that costs what the adaptive one costs at a budget; so it tells what choosing token by token is worth.
 */
public final class ControlWidths {
    /** Fine enough to meet a module's share within 3 % of its cost, and a divisor of what usual encoders have. */
    public static final int LEARNERS = 16;

    private ControlWidths() {}

    /**
     * The same share of every module, in whole learners.
     *
     * @param layerPaths as {@link io.tokenwise.model.ModelShapes#layerPaths} gives them
     */
    public static Map<String, Integer> even(List<List<String>> layerPaths, AdaptiveLayers adapt, double share) {
        return counts(layerPaths, adapt, (_, _, _) -> share);
    }

    /** For each module its own share of its dense FLOPs, in whole learners. */
    public static Map<String, Integer> like(
            List<List<String>> layerPaths, AdaptiveLayers adapt, Map<String, Double> shares) {
        return counts(layerPaths, adapt, (_, _, module) -> {
            Double share = shares.get(module);
            if (share == null) {
                throw new IllegalArgumentException("the adaptive model has no module " + module + ", it has "
                        + String.join(", ", shares.keySet()));
            }
            return share;
        });
    }

    /** All of some layers, evenly spread and the last one among them, and nothing of the others: a model of fewer layers, of a decoder too. */
    public static Map<String, Integer> layers(List<List<String>> layerPaths, AdaptiveLayers adapt, double share) {
        return counts(layerPaths, adapt, (layer, layers, _) -> {
            int kept = Math.clamp(Math.ceilDiv(Math.round(1000 * share * layers), 1000), 1, layers);
            return kept * (layer + 1) / layers > kept * layer / layers ? 1 : 0;
        });
    }

    /** What a module gets. */
    private interface Share {
        double of(int layer, int layers, String module);
    }

    private static Map<String, Integer> counts(List<List<String>> layerPaths, AdaptiveLayers adapt, Share share) {
        if (adapt.tokens()) {
            throw new IllegalArgumentException("a control has learners, not tokens that leave");
        }
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (List<String> paths : layerPaths) {
            for (int layer = 0; layer < paths.size(); layer++) {
                for (String module : adapt.modules(paths.get(layer))) {
                    double learners = share.of(layer, paths.size(), module) * adapt.learners();
                    counts.put(module, (int) Math.min(adapt.learners(), Math.round(learners)));
                }
            }
        }
        return counts;
    }
}
