package io.tokenwise.distill;

import io.tokenwise.acm.AdaptiveLayers;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * How many learners each module of a control gives every token, by the modules' paths. A control is a student without gates, trained as an
 * adaptive one is, that costs what the adaptive one costs at a budget; so it tells what choosing token by token is worth.
 */
public final class ControlWidths {
    /** Fine enough to meet a module's share within 3 % of its cost, and a divisor of what usual encoders have. */
    public static final int LEARNERS = 16;

    private ControlWidths() {}

    /** The same share of every module, in whole learners. */
    public static Map<String, Integer> even(int modelLayers, AdaptiveLayers adapt, double share) {
        return counts(modelLayers, adapt, _ -> share);
    }

    /** For each module its own share of its dense FLOPs, in whole learners. */
    public static Map<String, Integer> like(int modelLayers, AdaptiveLayers adapt, Map<String, Double> shares) {
        return counts(modelLayers, adapt, path -> {
            Double share = shares.get(path);
            if (share == null) {
                throw new IllegalArgumentException(
                        "the adaptive model has no module " + path + ", it has " + String.join(", ", shares.keySet()));
            }
            return share;
        });
    }

    /** All of some layers, evenly spread and the last one among them, and nothing of the others: a model of fewer layers. */
    public static Map<String, Integer> layers(int modelLayers, AdaptiveLayers adapt, double share) {
        int kept = Math.clamp(Math.ceilDiv(Math.round(1000 * share * modelLayers), 1000), 1, modelLayers);
        return counts(modelLayers, adapt, path -> {
            int layer = Integer.parseInt(path.replaceAll("\\D+(\\d+)\\D.*", "$1"));
            return kept * (layer + 1) / modelLayers > kept * layer / modelLayers ? 1 : 0;
        });
    }

    private static Map<String, Integer> counts(
            int modelLayers, AdaptiveLayers adapt, ToDoubleFunction<String> shareOfModule) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (int layer = 0; layer < modelLayers; layer++) {
            for (String module : adapt.modules("encoder.layer." + layer)) {
                double learners = shareOfModule.applyAsDouble(module) * adapt.learners();
                counts.put(module, (int) Math.min(adapt.learners(), Math.round(learners)));
            }
        }
        return counts;
    }
}
