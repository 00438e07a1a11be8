package io.tokenwise.model;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.io.WeightSource;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Mlp;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/** What a model's file must hold, and whether there is memory for it. */
final class NeededTensors {
    private NeededTensors() {}

    /**
     * Before memory is taken: whatever sizes the description claims, the file must hold tensors of them.
     *
     * @return what the model is made of
     */
    static ModelShapes check(ModelFiles files, AdaptiveConfig config) {
        ModelShapes dense = ModelShapes.of(files.description());
        if (config.acm().isPresent()) {
            checkModules(config.acm().get(), dense.slots(), files.description().name());
        }
        // The dense model first: adaptive blocks are as large as its own, which the file then has.
        String made = config.acm().isPresent()
                ? ": an adaptive model has its dense blocks too; one without was made by an older Tokenwise, distil it again"
                : "";
        check(dense.tensors(), files.weights(), made);
        if (config.equals(AdaptiveConfig.DENSE)) {
            return dense;
        }
        ModelShapes all = ModelShapes.of(files.description(), config);
        check(all.tensors(), files.weights(), "");
        return all;
    }

    private static void check(Map<String, long[]> wanted, WeightSource weights, String made) {
        wanted.forEach((name, shape) -> {
            if (!weights.names().contains(name)) {
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

    /** Modules must be those of blocks that there are. */
    private static void checkModules(AcmConfig acm, List<BlockSlot> slots, String model) {
        for (String module : acm.modules()) {
            if (slots.stream().noneMatch(slot -> isOf(module, slot))) {
                throw new BadFileException(
                        model + " config.json",
                        "acm.modules names " + module + ", the model has " + adaptable(slots)
                                + ", and attention with letters of " + AdaptiveLayers.PROJECTIONS + " likewise");
            }
        }
    }

    private static boolean isOf(String module, BlockSlot slot) {
        if (slot.block() instanceof Mlp) {
            return module.equals(slot.path());
        }
        String path = slot.path() + ".";
        return module.startsWith(path)
                && module.length() > path.length()
                && module.chars()
                        .skip(path.length())
                        .allMatch(letter -> AdaptiveLayers.PROJECTIONS.indexOf(letter) >= 0);
    }

    /** The first MLP to the last one, of each role. */
    private static String adaptable(List<BlockSlot> slots) {
        return Arrays.stream(BlockSlot.Role.values())
                .map(role -> slots.stream()
                        .filter(slot -> slot.role() == role && slot.block() instanceof Mlp)
                        .map(BlockSlot::path)
                        .toList())
                .filter(paths -> !paths.isEmpty())
                .map(paths -> paths.getFirst() + " to " + paths.getLast())
                .collect(Collectors.joining(", "));
    }

    /** Weights and the packed forms of what is multiplied by, which tables of words may be too. In s8 learners have up to 3: each one's, and those of its prefixes. A container whose limit is passed is killed without a word. */
    static void checkMemory(String model, ModelShapes shapes, Precision packed, OptionalLong limitBytes) {
        Set<Parameter> learners = new HashSet<>();
        for (AdaptiveBlock block : Acmizer.blocks(shapes.slots())) {
            StoredTensor.of(block).forEach(tensor -> learners.add(tensor.parameter()));
        }
        long needed = 0;
        for (StoredTensor tensor : shapes.stored()) {
            long values = Arrays.stream(tensor.dimensions()).reduce(1, Math::multiplyExact);
            boolean ofLearners = learners.contains(tensor.parameter());
            boolean isPacked = ofLearners || shapes.multiplied().contains(tensor.parameter());
            int packedBytes = packed.isOfBytes() && ofLearners ? 3 : packed.bytes();
            needed += values * (Float.BYTES + (isPacked ? packedBytes : 0));
        }
        if (limitBytes.isPresent() && needed > limitBytes.getAsLong()) {
            throw new IllegalStateException(model + ": needs about " + (needed >> 20)
                    + " MiB of native memory for its weights, this machine or container has "
                    + (limitBytes.getAsLong() >> 20) + " MiB in all");
        }
    }
}
