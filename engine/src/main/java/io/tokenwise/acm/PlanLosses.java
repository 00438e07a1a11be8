package io.tokenwise.acm;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What plans lose, measured on held-out inputs of some lengths: the mean cosine distance (of images the divergence) of the result to the dense model's. In between the share of tokens that stay is
 * interpolated; of lengths the nearest one counts.
 *
 * @param tokens lengths that were measured, ascending
 * @param shares of tokens that stay, ascending, the last one 1
 * @param losses by length, width and share
 */
public record PlanLosses(List<Integer> tokens, List<Double> shares, List<List<List<Double>>> losses) {
    /** Not measured: a guess that serves until it is, in which losses grow with the square of what is left out. */
    public static final PlanLosses UNKNOWN = unknown();

    public PlanLosses {
        tokens = List.copyOf(tokens);
        shares = List.copyOf(shares);
        losses = List.copyOf(losses);
        if (tokens.isEmpty() || losses.size() != tokens.size()) {
            throw new IllegalArgumentException(
                    "acm.shortPath.losses: " + tokens.size() + " lengths and losses for " + losses.size());
        }
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i) < 1 || i > 0 && tokens.get(i) <= tokens.get(i - 1)) {
                throw new IllegalArgumentException("acm.shortPath.losses: lengths must ascend from 1, are " + tokens);
            }
        }
        for (int i = 0; i < shares.size(); i++) {
            if (!(shares.get(i) > 0 && shares.get(i) <= 1) || i > 0 && shares.get(i) <= shares.get(i - 1)) {
                throw new IllegalArgumentException(
                        "acm.shortPath.losses: shares must ascend from above 0 to 1, are " + shares);
            }
        }
        for (List<List<Double>> ofLength : losses) {
            check(ofLength, shares.size());
        }
    }

    private static void check(List<List<Double>> ofLength, int shares) {
        if (ofLength.size() != Width.ALL.size()
                || ofLength.stream()
                        .anyMatch(ofWidth ->
                                ofWidth.size() != shares || ofWidth.stream().anyMatch(loss -> !(loss >= 0)))) {
            throw new IllegalArgumentException("acm.shortPath.losses: must be " + Width.ALL.size() + " lists of "
                    + shares + " numbers from 0 for each length, has " + ofLength);
        }
    }

    private static PlanLosses unknown() {
        List<Double> shares = List.of(0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0);
        List<List<Double>> ofWidths = Width.ALL.stream()
                .map(Width::mlpShare)
                .map(width -> shares.stream()
                        .map(share -> (1 - share) * (1 - share) + (1 - width) * (1 - width) / 2)
                        .toList())
                .toList();
        return new PlanLosses(List.of(1), shares, List.of(ofWidths));
    }

    /** What a plan loses of an input of so many tokens. */
    public double of(int length, double share, Width width) {
        List<Double> curve = losses.get(nearest(length)).get(width.ordinal());
        int right = 0;
        while (right < shares.size() - 1 && shares.get(right) < share) {
            right++;
        }
        if (right == 0) {
            return curve.getFirst();
        }
        double from = shares.get(right - 1);
        double t = (share - from) / (shares.get(right) - from);
        return curve.get(right - 1) + t * (curve.get(right) - curve.get(right - 1));
    }

    /** By the ratio of the lengths. */
    private int nearest(int length) {
        int nearest = 0;
        while (nearest < tokens.size() - 1
                && (long) length * length > (long) tokens.get(nearest) * tokens.get(nearest + 1)) {
            nearest++;
        }
        return nearest;
    }

    /** @throws IllegalArgumentException with the field's name if something is missing or wrong */
    static PlanLosses fromJson(JsonNode json) {
        var losses = new ArrayList<List<List<Double>>>();
        for (JsonNode ofLength : json.path("losses")) {
            var ofWidths = new ArrayList<List<Double>>();
            ofLength.forEach(ofWidth -> ofWidths.add(AcmConfig.numbers(ofWidth, "shortPath.losses")));
            losses.add(ofWidths);
        }
        return new PlanLosses(
                AcmConfig.numbers(json.get("tokens"), "shortPath.losses.tokens").stream()
                        .map(Double::intValue)
                        .toList(),
                AcmConfig.numbers(json.get("shares"), "shortPath.losses.shares"),
                losses);
    }

    void toJson(ObjectNode json) {
        tokens.forEach(json.putArray("tokens")::add);
        shares.forEach(json.putArray("shares")::add);
        ArrayNode ofLengths = json.putArray("losses");
        for (List<List<Double>> ofLength : losses) {
            ArrayNode ofWidths = ofLengths.addArray();
            ofLength.forEach(ofWidth -> ofWidth.forEach(ofWidths.addArray()::add));
        }
    }
}
