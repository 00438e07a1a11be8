package io.tokenwise.acm.config;

import io.tokenwise.acm.leave.LeastWorth;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.PlanLosses;
import io.tokenwise.acm.leave.StayGate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code acm} object of the config.json of a model whose tokens leave.
 *
 * @param teacher name of the dense model that this one was distilled from: a built-in name or a directory
 * @param narrow which layers become narrow first
 * @param leastWorth which tokens of short texts stay, without the gate
 * @param losses what plans were measured to lose
 */
public record ShortPathConfig(String teacher, NarrowLayers narrow, LeastWorth leastWorth, PlanLosses losses) {
    /** Before the names of all of the short path's tensors; those of narrow layers are otherwise those of the dense ones. */
    public static final String PREFIX = "short.";

    private static final String FIELD = "shortPath";

    /** Empty if the object is of a model of another kind, whose modules have learners. */
    public static Optional<ShortPathConfig> fromJson(JsonNode json) {
        if (!json.has(FIELD)) {
            return Optional.empty();
        }
        JsonNode teacher = json.path("teacher");
        if (!teacher.isString()) {
            throw new IllegalArgumentException("acm.teacher must be a name, is " + teacher);
        }
        JsonNode path = json.get(FIELD);
        check(path, "gateWidth", StayGate.WIDTH);
        check(path, "gateHeads", StayGate.HEADS);
        check(path, "gateUnits", StayGate.UNITS);
        if (!path.path("losses").isObject()) {
            throw new IllegalArgumentException(
                    "acm." + FIELD + ".losses must be what plans were measured to lose, is " + path.path("losses"));
        }
        List<Integer> first = AcmConfig.numbers(path.get("narrowFirst"), FIELD + ".narrowFirst").stream()
                .map(Double::intValue)
                .toList();
        return Optional.of(new ShortPathConfig(
                teacher.asString(),
                new NarrowLayers(first),
                leastWorth(path.path("shortTexts")),
                losses(path.get("losses"))));
    }

    private static LeastWorth leastWorth(JsonNode json) {
        JsonNode tokens = json.path("tokens");
        if (!tokens.isInt() || tokens.asInt() < 0) {
            throw new IllegalArgumentException(
                    "acm." + FIELD + ".shortTexts.tokens must be a number of tokens from 0, is " + tokens);
        }
        return new LeastWorth(
                tokens.asInt(),
                AcmConfig.numbers(json.get("shares"), FIELD + ".shortTexts.shares"),
                AcmConfig.numbers(json.get("worths"), FIELD + ".shortTexts.worths"));
    }

    private static PlanLosses losses(JsonNode json) {
        var losses = new ArrayList<List<List<Double>>>();
        for (JsonNode ofLength : json.path("losses")) {
            var ofCounts = new ArrayList<List<Double>>();
            ofLength.forEach(ofCount -> ofCounts.add(AcmConfig.numbers(ofCount, "shortPath.losses")));
            losses.add(ofCounts);
        }
        return new PlanLosses(
                integers(json, "tokens"),
                AcmConfig.numbers(json.get("shares"), "shortPath.losses.shares"),
                integers(json, "narrow"),
                losses);
    }

    private static List<Integer> integers(JsonNode json, String field) {
        return AcmConfig.numbers(json.get(field), "shortPath.losses." + field).stream()
                .map(Double::intValue)
                .toList();
    }

    private static void check(JsonNode path, String size, int supported) {
        if (!path.path(size).isInt() || path.path(size).asInt() != supported) {
            throw new IllegalArgumentException(
                    "acm." + FIELD + "." + size + " is " + path.path(size) + ", this Tokenwise knows " + supported);
        }
    }

    public ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("teacher", teacher);
        ObjectNode path = json.putObject(FIELD)
                .put("gateWidth", StayGate.WIDTH)
                .put("gateHeads", StayGate.HEADS)
                .put("gateUnits", StayGate.UNITS);
        ObjectNode shortTexts = path.putObject("shortTexts").put("tokens", leastWorth.tokens());
        leastWorth.shares().forEach(shortTexts.putArray("shares")::add);
        leastWorth.worths().forEach(shortTexts.putArray("worths")::add);
        narrow.first().forEach(path.putArray("narrowFirst")::add);
        put(path.putObject("losses"), losses);
        return json;
    }

    private static void put(ObjectNode json, PlanLosses losses) {
        losses.tokens().forEach(json.putArray("tokens")::add);
        losses.shares().forEach(json.putArray("shares")::add);
        losses.narrow().forEach(json.putArray("narrow")::add);
        ArrayNode ofLengths = json.putArray("losses");
        for (List<List<Double>> ofLength : losses.losses()) {
            ArrayNode ofCounts = ofLengths.addArray();
            ofLength.forEach(ofCount -> ofCount.forEach(ofCounts.addArray()::add));
        }
    }
}
