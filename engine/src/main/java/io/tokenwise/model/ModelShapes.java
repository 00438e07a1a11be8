package io.tokenwise.model;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.nn.BlockSlot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a model is made of, without its weights: it was built on a backend that has no memory. */
public final class ModelShapes {
    /** Of an MLP's place, after the path of its layer. */
    private static final String MLP = ".mlp";

    private final List<StoredTensor> stored;
    private final Set<Parameter> multiplied;
    private final List<BlockSlot> slots;

    private ModelShapes(List<StoredTensor> stored, Set<Parameter> multiplied, List<BlockSlot> slots) {
        this.stored = stored;
        this.multiplied = multiplied;
        this.slots = slots;
    }

    /**
     * Of the dense model.
     *
     * @throws io.tokenwise.api.BadFileException if there is no such model
     */
    public static ModelShapes of(ModelDescription description) {
        return of(description, AdaptiveConfig.DENSE);
    }

    static ModelShapes of(ModelDescription description, AdaptiveConfig config) {
        try (var parameters = new Parameters(new ShapeBackend())) {
            var parts = new LayerBuilder(parameters, description.architecture(), config);
            Network network = EncoderLoading.network(description, config, parts);
            return new ModelShapes(parts.stored(), parts.multiplied(), network.slots());
        }
    }

    /** The tensors that a file of it has, by Hugging Face's names, and their shapes. */
    public Map<String, long[]> tensors() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        stored.forEach(tensor -> shapes.put(tensor.name(), tensor.dimensions()));
        return shapes;
    }

    List<StoredTensor> stored() {
        return stored;
    }

    /** What is multiplied by, but for learners: of it there is a packed form too. */
    Set<Parameter> multiplied() {
        return multiplied;
    }

    /** The places of attention and MLPs, in the order in which they run. Their blocks have no weights. */
    List<BlockSlot> slots() {
        return slots;
    }

    /** The paths of the layers, such as {@code encoder.layer.0}, first to last: the encoder's, then, if there is one, the decoder's. */
    public List<List<String>> layerPaths() {
        var paths = new ArrayList<List<String>>();
        for (BlockSlot.Role role : BlockSlot.Role.values()) {
            List<String> ofRole = slots.stream()
                    .filter(slot -> slot.role() == role && slot.path().endsWith(MLP))
                    .map(slot -> slot.path().substring(0, slot.path().length() - MLP.length()))
                    .toList();
            if (!ofRole.isEmpty()) {
                paths.add(ofRole);
            }
        }
        return paths;
    }
}
