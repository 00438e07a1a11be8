package io.tokenwise.model;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.acm.config.ShortPathConfig;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Stream;
import io.tokenwise.io.StoredType;
import io.tokenwise.io.TensorData;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** From an {@link Encoder}, as it is now, to a model's files. */
final class EncoderSaving {
    private final Encoder encoder;
    private final Parameters parameters;

    /** As bytes, learners are kept as what they differ by from the dense blocks. */
    private final boolean differences;

    private final StoredType type;

    EncoderSaving(Encoder encoder, StoredType type) {
        this.encoder = encoder;
        this.type = type;
        parameters = encoder.parameters();
        differences = type == StoredType.S8;
    }

    /** See {@link Encoder#save(Path, Tokenizer, ModelWriter.Existing, StoredType)}. */
    void save(Path directory, Tokenizer tokenizer, ModelWriter.Existing existing) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            Map<Parameter, Tensor> learned = differences ? differences(arena) : Map.of();
            ModelWriter.write(directory, description(), tensors(arena, learned), tokenizer, existing, type);
        }
    }

    private ModelDescription description() {
        ModelDescription description = encoder.description();
        if (encoder.leaving().isPresent()) {
            Leaving some = encoder.leaving().get();
            var config = new ShortPathConfig(
                    encoder.teacher(),
                    some.narrow(),
                    some.plans().leastWorth(),
                    some.plans().losses());
            return description.withAcm(Optional.of(config.toJson()));
        }
        List<AdaptiveBlock> blocks = encoder.adaptiveBlocks();
        return blocks.isEmpty()
                ? description
                : description.withAcm(Optional.of(
                        AcmConfig.of(encoder.teacher(), blocks, differences).toJson()));
    }

    /** What learners' matrices differ by from the dense ones. */
    private Map<Parameter, Tensor> differences(Arena arena) {
        Map<Parameter, Tensor> differing = new HashMap<>();
        Stream stream = parameters.backend().stream();
        for (AdaptiveBlock block : encoder.adaptiveBlocks()) {
            block.denseSlices(arena).forEach((learned, dense) -> {
                Tensor difference = parameters.backend().allocate(arena, dense.rows(), dense.columns());
                stream.copy(learned.value(), difference);
                stream.addScaled(dense, -1, difference);
                differing.put(learned, difference);
            });
        }
        return differing;
    }

    private Map<String, TensorData> tensors(Arena arena, Map<Parameter, Tensor> learned) {
        var tensors = new LinkedHashMap<String, TensorData>();
        for (StoredTensor tensor : currentlyStored()) {
            Tensor difference = learned.get(tensor.parameter());
            tensors.put(
                    tensor.name(), difference == null ? tensor.store(arena) : difference(arena, tensor, difference));
        }
        return tensors;
    }

    private TensorData difference(Arena arena, StoredTensor tensor, Tensor difference) {
        try (HostTensor values = parameters.backend().read(difference)) {
            return tensor.storeDifference(arena, values);
        }
    }

    /** What was built, without the layers that were replaced since, and with the modules that replaced them. */
    private List<StoredTensor> currentlyStored() {
        var tensors = new ArrayList<StoredTensor>();
        for (StoredTensor tensor : encoder.stored()) {
            if (parameters.contains(tensor.parameter())) {
                tensors.add(tensor);
            }
        }
        for (AdaptiveBlock block : encoder.adaptiveBlocks()) {
            for (StoredTensor tensor : StoredTensor.of(block)) {
                if (!tensors.contains(tensor)) {
                    tensors.add(tensor);
                }
            }
        }
        return tensors;
    }
}
