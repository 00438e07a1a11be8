package io.tokenwise.acm;

import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code acm} object of the config.json of a model whose tokens leave.
 *
 * @param teacher name of the dense model that this one was distilled from: a built-in name or a directory
 * @param differences whether the file has of the short path's matrices only what they differ by from the dense layers'
 */
public record ShortPathConfig(String teacher, boolean differences) {
    /** Before the names of the short path's layers, which are otherwise those of the dense ones. */
    public static final String PREFIX = "short.";

    private static final String FIELD = "shortPath";

    /** Empty if the object is of a model of another kind, whose modules have learners. */
    public static Optional<ShortPathConfig> fromJson(JsonNode json) {
        if (!json.has(FIELD)) {
            return Optional.empty();
        }
        JsonNode teacher = json.path("teacher");
        JsonNode differences = json.path("differences");
        if (!teacher.isString()) {
            throw new IllegalArgumentException("acm.teacher must be a name, is " + teacher);
        }
        if (!differences.isMissingNode() && !differences.isBoolean()) {
            throw new IllegalArgumentException("acm.differences must be true or false, is " + differences);
        }
        JsonNode path = json.get(FIELD);
        check(path, "gateWidth", StayGate.WIDTH);
        check(path, "gateHeads", StayGate.HEADS);
        check(path, "gateUnits", StayGate.UNITS);
        return Optional.of(new ShortPathConfig(teacher.asString(), differences.asBoolean(false)));
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
        if (differences) {
            json.put("differences", true);
        }
        json.putObject(FIELD)
                .put("gateWidth", StayGate.WIDTH)
                .put("gateHeads", StayGate.HEADS)
                .put("gateUnits", StayGate.UNITS);
        return json;
    }
}
