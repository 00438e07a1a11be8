package io.tokenwise.acm.config;

import io.tokenwise.acm.leave.LayerMix;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.PlanLosses;
import io.tokenwise.acm.leave.StayGate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code acm} object of the config.json of a model whose tokens leave.
 *
 * @param teacher name of the dense model that this one was distilled from: a built-in name or a directory
 * @param narrow which layers become narrow first
 * @param tableTokens inputs of so many tokens or fewer look their tokens' values up, without the gate
 * @param losses what plans were measured to lose
 */
public record ShortPathConfig(String teacher, NarrowLayers narrow, int tableTokens, PlanLosses losses) {
    /** Before the names of all of the short path's tensors. */
    public static final String PREFIX = "short.";

    /** Before the names of narrow layers' tensors, which are otherwise those of the dense ones. */
    public static final String NARROW = PREFIX + "narrow.";

    /** Before those of full ones. */
    public static final String FULL = PREFIX + "full.";

    /** Before the names of the gate's. */
    public static final String GATE = PREFIX + "gate.";

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
        JsonNode table = path.path("tableTokens");
        if (!table.isInt() || table.asInt() < 0) {
            throw new IllegalArgumentException(
                    "acm." + FIELD + ".tableTokens must be a number of tokens from 0, is " + table);
        }
        return Optional.of(new ShortPathConfig(
                teacher.asString(), new NarrowLayers(first), table.asInt(), losses(path.get("losses"))));
    }

    private static PlanLosses losses(JsonNode json) {
        var losses = new ArrayList<List<List<Double>>>();
        for (JsonNode ofLength : json.path("losses")) {
            var ofMixes = new ArrayList<List<Double>>();
            ofLength.forEach(ofMix -> ofMixes.add(AcmConfig.numbers(ofMix, "shortPath.losses")));
            losses.add(ofMixes);
        }
        return new PlanLosses(
                integers(json, "tokens"),
                AcmConfig.numbers(json.get("shares"), "shortPath.losses.shares"),
                mixes(json),
                losses);
    }

    private static List<LayerMix> mixes(JsonNode json) {
        List<Integer> narrow = integers(json, "narrow");
        JsonNode full = json.path("full");
        if (full.size() != narrow.size() || !full.valueStream().allMatch(JsonNode::isBoolean)) {
            throw new IllegalArgumentException("acm.shortPath.losses.full must say of each of the " + narrow.size()
                    + " numbers of narrow layers whether the others are full ones, is " + full);
        }
        return IntStream.range(0, narrow.size())
                .mapToObj(i -> new LayerMix(narrow.get(i), full.get(i).asBoolean()))
                .toList();
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
        path.put("tableTokens", tableTokens);
        narrow.first().forEach(path.putArray("narrowFirst")::add);
        put(path.putObject("losses"), losses);
        return json;
    }

    private static void put(ObjectNode json, PlanLosses losses) {
        losses.tokens().forEach(json.putArray("tokens")::add);
        losses.shares().forEach(json.putArray("shares")::add);
        ArrayNode narrow = json.putArray("narrow");
        ArrayNode full = json.putArray("full");
        losses.mixes().forEach(mix -> {
            narrow.add(mix.narrow());
            full.add(mix.full());
        });
        ArrayNode ofLengths = json.putArray("losses");
        for (List<List<Double>> ofLength : losses.losses()) {
            ArrayNode ofMixes = ofLengths.addArray();
            ofLength.forEach(ofMix -> ofMix.forEach(ofMixes.addArray()::add));
        }
    }
}
