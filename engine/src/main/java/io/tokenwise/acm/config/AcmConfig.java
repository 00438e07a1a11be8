package io.tokenwise.acm.config;

import io.tokenwise.acm.block.AdaptiveAttention;
import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.block.AdaptiveMlp;
import io.tokenwise.acm.block.AttentionUnits;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.BudgetSplit;
import io.tokenwise.acm.choose.Calibration;
import io.tokenwise.acm.choose.Curve;
import io.tokenwise.acm.choose.LengthCalibration;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.ProjectedAttention;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code acm} object of a model's config.json.
 *
 * @param teacher name of the dense model that this one was distilled from: a built-in name or a directory
 * @param learners per module
 * @param mlpLearners how many of an MLP's learners have weights of their own; in the file only if they are fewer than all but one
 * @param modules paths of the modules, such as {@code encoder.layer.0.mlp} and {@code encoder.layer.0.attention.qkvo}, in the order in which
 *     they run
 * @param units for each adaptive attention, by its path, the learner of each unit of columns
 * @param differences whether the file has of the learners' matrices only what they differ by from the dense blocks' ({@link
 *     AdaptiveBlock#denseSlices})
 * @param fixed for modules without a gate, which are controls, by their paths how many learners every token gets
 * @param calibration of all modules but the decoder's
 * @param decoderCalibration of the decoder's modules, if there are any: their tokens come one at a time, and are others
 * @param split of hard budgets among the modules
 */
public record AcmConfig(
        String teacher,
        int learners,
        int mlpLearners,
        List<String> modules,
        Map<String, Units> units,
        boolean differences,
        Map<String, Integer> fixed,
        LengthCalibration calibration,
        Optional<LengthCalibration> decoderCalibration,
        BudgetSplit split) {
    /**
     * @param queryKey of Q's and K's units, head by head
     * @param valueOutput of V's and O's
     */
    public record Units(List<Integer> queryKey, List<Integer> valueOutput) {
        static Units of(AttentionUnits units) {
            return new Units(
                    Arrays.stream(units.queryKey()).boxed().toList(),
                    Arrays.stream(units.valueOutput()).boxed().toList());
        }
    }

    public AcmConfig {
        // In this order they are written: Map.copyOf has another one in each JVM.
        units = Collections.unmodifiableMap(new LinkedHashMap<>(units));
        fixed = Collections.unmodifiableMap(new LinkedHashMap<>(fixed));
        modules = List.copyOf(modules);
        if (modules.isEmpty()) {
            throw new IllegalArgumentException("acm.modules is empty: an adaptive model has at least one");
        }
        if (learners < 2 || learners > AdaptiveLayers.MOST_LEARNERS) {
            throw new IllegalArgumentException(
                    "acm.learners is " + learners + ", must be 2 to " + AdaptiveLayers.MOST_LEARNERS);
        }
        if (mlpLearners < 1 || mlpLearners >= learners) {
            throw new IllegalArgumentException("acm.mlpLearners is " + mlpLearners + ", must be 1 to " + (learners - 1)
                    + ", for acm.learners is " + learners);
        }
        for (Map.Entry<String, Integer> module : fixed.entrySet()) {
            checkFixed(module.getKey(), module.getValue(), modules, learners);
        }
        if (!split.spent().isEmpty() && !split.spent().keySet().equals(Set.copyOf(modules))) {
            throw new IllegalArgumentException("acm.split.spent must have the names of acm.modules, has "
                    + split.spent().keySet());
        }
    }

    private static void checkFixed(String path, int count, List<String> modules, int learners) {
        if (!modules.contains(path) || count < 0 || count > learners) {
            throw new IllegalArgumentException("acm.fixed has " + count + " learners for " + path + ", must have 0 to "
                    + learners + " for names of acm.modules");
        }
    }

    /** The configuration of a model's blocks as they are. */
    public static AcmConfig of(String teacher, List<AdaptiveBlock> blocks, boolean differences) {
        List<Acm> modules =
                blocks.stream().flatMap(block -> block.acms().stream()).toList();
        Map<String, Units> units = new LinkedHashMap<>();
        for (AdaptiveBlock block : blocks) {
            if (block instanceof AdaptiveAttention attention) {
                units.put(attention.path(), Units.of(attention.units()));
            }
        }
        Map<String, Integer> fixed = new LinkedHashMap<>();
        modules.stream().filter(Acm::isFixed).forEach(acm -> fixed.put(acm.path(), acm.fixedCount()));
        return new AcmConfig(
                teacher,
                modules.getFirst().learners(),
                modules.stream().mapToInt(Acm::trained).min().orElseThrow(),
                modules.stream().map(Acm::path).toList(),
                units,
                differences,
                fixed,
                modules.getFirst().calibration(),
                modules.stream().filter(Acm::ofDecoder).findFirst().map(Acm::calibration),
                modules.getFirst().split());
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
        JsonNode mlpLearners = json.path("mlpLearners");
        if (!mlpLearners.isMissingNode() && !mlpLearners.isInt()) {
            throw new IllegalArgumentException("acm.mlpLearners must be a whole number, is " + mlpLearners);
        }
        var modules = new LinkedHashSet<String>();
        for (JsonNode module : array(json, "modules")) {
            if (!module.isString() || !modules.add(module.asString())) {
                throw new IllegalArgumentException("acm.modules must be different names, has " + module);
            }
        }
        JsonNode differences = json.path("differences");
        if (!differences.isMissingNode() && !differences.isBoolean()) {
            throw new IllegalArgumentException("acm.differences must be true or false, is " + differences);
        }
        return new AcmConfig(
                teacher.asString(),
                learners.asInt(),
                mlpLearners.asInt(learners.asInt() - 1),
                List.copyOf(modules),
                units(json),
                differences.asBoolean(false),
                fixed(json),
                calibration(json, "calibration"),
                json.has("decoderCalibration")
                        ? Optional.of(calibration(json, "decoderCalibration"))
                        : Optional.empty(),
                json.has("split") ? split(json.get("split")) : BudgetSplit.EVEN);
    }

    private static Map<String, Integer> fixed(JsonNode json) {
        Map<String, Integer> fixed = new LinkedHashMap<>();
        if (json.get("fixed") instanceof ObjectNode counts) {
            for (Map.Entry<String, JsonNode> count : counts.properties()) {
                if (!count.getValue().isInt()) {
                    throw new IllegalArgumentException("acm.fixed must be whole numbers, has " + count.getValue());
                }
                fixed.put(count.getKey(), count.getValue().asInt());
            }
        }
        return fixed;
    }

    public ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("teacher", teacher);
        json.put("learners", learners);
        if (mlpLearners < learners - 1) {
            json.put("mlpLearners", mlpLearners);
        }
        ArrayNode names = json.putArray("modules");
        modules.forEach(names::add);
        if (!units.isEmpty()) {
            ObjectNode blocks = json.putObject("units");
            units.forEach((path, block) -> {
                ObjectNode target = blocks.putObject(path);
                block.queryKey().forEach(target.putArray("qk")::add);
                block.valueOutput().forEach(target.putArray("vo")::add);
            });
        }
        if (differences) {
            json.put("differences", true);
        }
        if (!fixed.isEmpty()) {
            ObjectNode counts = json.putObject("fixed");
            fixed.forEach(counts::put);
        }
        put(json, "calibration", calibration);
        decoderCalibration.ifPresent(of -> put(json, "decoderCalibration", of));
        if (!split.spent().isEmpty()) {
            put(json.putObject("split"), split);
        }
        return json;
    }

    private static void put(ObjectNode json, String name, LengthCalibration calibration) {
        ArrayNode curves = json.putArray(name);
        for (int i = 0; i < calibration.tokens().size(); i++) {
            ObjectNode curve =
                    curves.addObject().put("tokens", calibration.tokens().get(i));
            Curve toTell = calibration.curves().get(i).toTell();
            toTell.y().forEach(curve.putArray("told")::add);
            toTell.x().forEach(curve.putArray("spent")::add);
        }
    }

    private static void put(ObjectNode json, BudgetSplit split) {
        split.told().forEach(json.putArray("told")::add);
        ObjectNode modules = json.putObject("spent");
        split.spent().forEach((path, shares) -> shares.forEach(modules.putArray(path)::add));
    }

    /**
     * What is adaptive in each layer.
     *
     * @throws IllegalArgumentException if layers differ in that, as no model does that was made here
     */
    public AdaptiveLayers layers() {
        List<String> paths = modules.stream()
                .map(path -> path.replaceAll("\\.(mlp|attention\\.[qkvo]+)$", ""))
                .distinct()
                .toList();
        String first = paths.getFirst();
        var layers = new AdaptiveLayers(
                false, hasMlp(first + ".mlp"), attentionGates(first + ".attention"), learners, mlpLearners);
        if (!paths.stream()
                .flatMap(path -> layers.modules(path).stream())
                .toList()
                .equals(modules)) {
            throw new IllegalArgumentException("acm.modules: not the same of every layer is adaptive");
        }
        return layers;
    }

    /** Whether the MLP of that path is adaptive. */
    public boolean hasMlp(String path) {
        return modules.contains(path);
    }

    /** The projections of the attention of that path that share a gate, as letters, one string a gate; empty if it is dense. */
    public List<String> attentionGates(String path) {
        String prefix = path + ".";
        return modules.stream()
                .filter(module -> module.startsWith(prefix))
                .map(module -> module.substring(prefix.length()))
                .toList();
    }

    /** An adaptive MLP for the path, to be filled from a file. */
    public AdaptiveMlp mlp(Parameters parameters, String path, BlockSlot.Role role, Mlp dense) {
        return calibrated(new AdaptiveMlp(parameters, path, dense, learners, mlpLearners), role);
    }

    /** An adaptive attention for the path, to be filled from a file. */
    public AdaptiveAttention attention(
            Parameters parameters, String path, BlockSlot.Role role, ProjectedAttention dense) {
        Units block = units.get(path);
        if (block == null) {
            throw new IllegalArgumentException("acm.units has no " + path);
        }
        List<String> gates = attentionGates(path);
        var layers = new AdaptiveLayers(false, false, gates, learners, learners - 1);
        return calibrated(
                new AdaptiveAttention(
                        parameters, path, dense, layers, array(block.queryKey()), array(block.valueOutput())),
                role);
    }

    private <B extends AdaptiveBlock> B calibrated(B block, BlockSlot.Role role) {
        LengthCalibration own = role == BlockSlot.Role.ENCODER
                ? calibration
                : decoderCalibration.orElseThrow(
                        () -> new IllegalArgumentException("acm has modules of a decoder, but no decoderCalibration"));
        for (Acm acm : block.acms()) {
            acm.of(role);
            acm.calibrate(own);
        }
        Acmizer.fix(block.acms(), fixed);
        return block;
    }

    private static int[] array(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }

    private static Map<String, Units> units(JsonNode json) {
        Map<String, Units> units = new LinkedHashMap<>();
        if (json.get("units") instanceof ObjectNode blocks) {
            for (Map.Entry<String, JsonNode> block : blocks.properties()) {
                units.put(
                        block.getKey(), new Units(integers(block.getValue(), "qk"), integers(block.getValue(), "vo")));
            }
        }
        return units;
    }

    private static List<Integer> integers(JsonNode json, String name) {
        var values = new ArrayList<Integer>();
        for (JsonNode value : array(json, name)) {
            if (!value.isInt()) {
                throw new IllegalArgumentException("acm.units: " + name + " must be whole numbers, has " + value);
            }
            values.add(value.asInt());
        }
        return values;
    }

    private static LengthCalibration calibration(JsonNode json, String name) {
        var tokens = new ArrayList<Integer>();
        var curves = new ArrayList<Calibration>();
        for (JsonNode curve : array(json, name)) {
            if (curve.get("tokens") == null || !curve.get("tokens").isInt()) {
                throw new IllegalArgumentException(
                        "acm." + name + " must be a list of tokens, told and spent, has " + curve);
            }
            tokens.add(curve.get("tokens").asInt());
            curves.add(Calibration.of(
                    numbers(curve.get("told"), "calibration.told"), numbers(curve.get("spent"), "calibration.spent")));
        }
        return new LengthCalibration(tokens, curves);
    }

    private static BudgetSplit split(JsonNode json) {
        if (!(json.get("spent") instanceof ObjectNode modules)) {
            throw new IllegalArgumentException("acm.split must have told and, for each module, spent; is " + json);
        }
        Map<String, List<Double>> spent = new LinkedHashMap<>();
        modules.properties()
                .forEach(module ->
                        spent.put(module.getKey(), numbers(module.getValue(), "split.spent." + module.getKey())));
        return new BudgetSplit(numbers(json.get("told"), "split.told"), spent);
    }

    /** @throws IllegalArgumentException with the name in {@code acm} if it is no list of numbers */
    static List<Double> numbers(JsonNode json, String name) {
        if (json == null || !json.isArray()) {
            throw new IllegalArgumentException("acm." + name + " must be a list, is " + json);
        }
        var values = new ArrayList<Double>();
        for (JsonNode value : json) {
            if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
                throw new IllegalArgumentException("acm." + name + " must be numbers, has " + value);
            }
            values.add(value.asDouble());
        }
        return values;
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
