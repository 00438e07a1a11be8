package io.tokenwise.model;

import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.acm.config.ShortPathConfig;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.io.WeightSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a model's file must hold, and whether there is memory for it. */
final class NeededTensors {
    private static final Pattern MODULE =
            Pattern.compile("((?:encoder\\.layer|(?:en|de)coder\\.layers)\\.\\d+\\.)(mlp|attention\\.[qkvo]+)");

    /** Those of an MLP's tensors that have its units in their shape. */
    private static final Pattern MLP = Pattern.compile(
            "encoder\\.layer\\.\\d+\\.(intermediate\\.dense\\.(?:weight|bias)|output\\.dense\\.weight)");

    /** In the names of tensors of learners and gates. */
    private static final String LEARNERS = ".acm.";

    /** Before the names of the tensors of the gate of tokens that leave. */
    static final String GATE = ShortPathConfig.PREFIX + "gate.";

    private NeededTensors() {}

    /** Before memory is taken: whatever sizes the description claims, the file must hold tensors of them. */
    static void check(ModelFiles files, AdaptiveConfig config) {
        Optional<AcmConfig> acm = config.acm();
        WeightSource weights = files.weights();
        Architecture sizes = files.description().architecture();
        Map<String, long[]> wanted = new LinkedHashMap<>(sizes.tensors());
        for (String module : acm.map(AcmConfig::modules).orElse(List.of())) {
            addWanted(wanted, module, acm.get(), files.description());
        }
        if (config.shortPath().isPresent()) {
            sizes.tensors().forEach((name, shape) -> {
                if (name.startsWith("encoder.layer.")) {
                    wanted.put(ShortPathConfig.PREFIX + name, narrowed(name, shape, sizes));
                }
            });
            wanted.put(GATE + "projection.weight", new long[] {StayGate.WIDTH, sizes.hiddenSize()});
        }
        wanted.forEach((name, shape) -> {
            if (!weights.names().contains(name)) {
                String made = acm.isEmpty() || !sizes.tensors().containsKey(name)
                        ? ""
                        : ": an adaptive model has its dense blocks too; one without was made by an older Tokenwise, distil it again";
                throw new BadFileException(weights.description(), "has no tensor " + name + made);
            }
            if (!Arrays.equals(weights.shape(name), shape)) {
                throw new BadFileException(
                        weights.description(),
                        "tensor " + name + " has shape " + Arrays.toString(weights.shape(name)) + ", it must be "
                                + Arrays.toString(shape));
            }
        });
    }

    /** The shape of a narrow layer's tensor. */
    private static long[] narrowed(String name, long[] shape, Architecture sizes) {
        long[] narrow = shape.clone();
        Matcher mlp = MLP.matcher(name);
        if (mlp.matches()) {
            narrow[mlp.group(1).startsWith("intermediate") ? 0 : 1] = NarrowLayers.unitsOf(sizes.intermediateSize());
        }
        return narrow;
    }

    /** Besides the dense blocks' tensors one of the adaptive block's; the others are checked as they are read. */
    private static void addWanted(
            Map<String, long[]> wanted, String module, AcmConfig acm, ModelDescription description) {
        Architecture sizes = description.architecture();
        Matcher parts = MODULE.matcher(module);
        boolean mlp = parts.matches() && parts.group(2).equals("mlp");
        if (!parts.matches() || !wanted.containsKey(parts.group(1) + sizes.mlpInput())) {
            throw new BadFileException(
                    description.name() + " config.json",
                    "acm.modules names " + module + ", the model has " + sizes.adaptable());
        }
        int hidden = sizes.hiddenSize();
        if (mlp) {
            long columns = wanted.get(parts.group(1) + sizes.mlpInput())[0] / acm.learners() * acm.mlpLearners();
            wanted.put(module + ".acm.w1", new long[] {columns, hidden});
        } else {
            wanted.put(parts.group(1) + "attention.acm.query.weight", new long[] {hidden, hidden});
        }
    }

    /** Bytes of packed forms for each value of a tensor. In s8 learners have up to 3: each one's, and those of its prefixes. */
    private static int packedBytes(String tensor, Precision precision) {
        if (tensor.startsWith("embeddings.") && !tensor.startsWith("embeddings.patch_")) {
            return 0;
        }
        return precision == Precision.S8 && tensor.contains(LEARNERS) ? 3 : precision.bytes();
    }

    /** Weights and, of all but embeddings, their packed forms: a container whose limit is passed is killed without a word. */
    static void checkMemory(ModelFiles files, Precision packed, OptionalLong limitBytes) {
        long needed = 0;
        Map<String, long[]> shapes = files.description().architecture().tensors();
        for (String tensor : files.weights().names()) {
            if (shapes.containsKey(tensor) || tensor.contains(LEARNERS) || tensor.startsWith(ShortPathConfig.PREFIX)) {
                long values = Arrays.stream(files.weights().shape(tensor)).reduce(1, Math::multiplyExact);
                needed += values * (Float.BYTES + packedBytes(tensor, packed));
            }
        }
        if (limitBytes.isPresent() && needed > limitBytes.getAsLong()) {
            throw new IllegalStateException(files.description().name() + ": needs about " + (needed >> 20)
                    + " MiB of native memory for its weights, this machine or container has "
                    + (limitBytes.getAsLong() >> 20) + " MiB in all");
        }
    }
}
