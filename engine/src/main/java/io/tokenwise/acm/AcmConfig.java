package io.tokenwise.acm;

import io.tokenwise.autograd.Parameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code acm} object of a model's config.json.
 *
 * @param teacher name of the dense model that this one was distilled from: a built-in name or a directory
 * @param learners per module
 * @param modules paths of the replaced blocks, such as {@code encoder.layer.0.mlp}, in the order in which they run
 */
public record AcmConfig(String teacher, int learners, List<String> modules, Calibration calibration) {
    private static final int MOST_LEARNERS = 64;

    public AcmConfig {
        modules = List.copyOf(modules);
        if (modules.isEmpty()) {
            throw new IllegalArgumentException("acm.modules is empty: an adaptive model has at least one");
        }
        if (learners < 1 || learners > MOST_LEARNERS) {
            throw new IllegalArgumentException("acm.learners is " + learners + ", must be 1 to " + MOST_LEARNERS);
        }
    }

    /** The configuration of a model's modules as they are. */
    public static AcmConfig of(String teacher, List<Acm> modules) {
        return new AcmConfig(
                teacher,
                modules.getFirst().learners(),
                modules.stream().map(Acm::path).toList(),
                modules.getFirst().calibration());
    }

    /** @throws IllegalArgumentException with the field's name if something is missing or wrong */
    public static AcmConfig fromJson(JsonNode json) {
        JsonNode teacher = field(json, "teacher");
        if (!teacher.isString()) {
            throw new IllegalArgumentException("acm.teacher must be a name, is " + teacher);
        }
        JsonNode learners = field(json, "learners");
        if (!learners.isInt()) {
            throw new IllegalArgumentException("acm.learners must be a whole number, is " + learners);
        }
        var modules = new ArrayList<String>();
        for (JsonNode module : array(json, "modules")) {
            if (!module.isString() || modules.contains(module.asString())) {
                throw new IllegalArgumentException("acm.modules must be different names, has " + module);
            }
            modules.add(module.asString());
        }
        JsonNode calibration = field(json, "calibration");
        return new AcmConfig(
                teacher.asString(),
                learners.asInt(),
                modules,
                new Calibration(numbers(calibration, "told"), numbers(calibration, "spent")));
    }

    public ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("teacher", teacher);
        json.put("learners", learners);
        ArrayNode names = json.putArray("modules");
        modules.forEach(names::add);
        ObjectNode pairs = json.putObject("calibration");
        ArrayNode told = pairs.putArray("told");
        Arrays.stream(calibration.told()).forEach(told::add);
        ArrayNode spent = pairs.putArray("spent");
        Arrays.stream(calibration.spent()).forEach(spent::add);
        return json;
    }

    /** A module with zero parameters for the path, to be filled from a file. */
    public Acm module(Parameters parameters, String path, int hidden, int units) {
        var acm = new Acm(parameters, path, learners, hidden, Acm.width(path, units, learners));
        acm.place(modules.indexOf(path));
        acm.calibrate(calibration);
        return acm;
    }

    private static double[] numbers(JsonNode json, String name) {
        var values = new ArrayList<Double>();
        for (JsonNode value : array(json, name)) {
            if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
                throw new IllegalArgumentException("acm.calibration." + name + " must be numbers, has " + value);
            }
            values.add(value.asDouble());
        }
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static JsonNode array(JsonNode json, String name) {
        JsonNode value = field(json, name);
        if (!value.isArray()) {
            throw new IllegalArgumentException("acm." + name + " must be a list, is " + value);
        }
        return value;
    }

    private static JsonNode field(JsonNode json, String name) {
        JsonNode value = json.get(name);
        if (value == null) {
            throw new IllegalArgumentException("acm has no field " + name);
        }
        return value;
    }
}
