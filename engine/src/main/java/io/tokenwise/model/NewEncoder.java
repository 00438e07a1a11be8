package io.tokenwise.model;

import io.tokenwise.acm.config.ShortPathConfig;
import io.tokenwise.acm.leave.LeastWorth;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.PlanLosses;
import io.tokenwise.acm.make.NarrowMlps;
import io.tokenwise.api.BadFileException;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Encoders that no file holds yet, at the start of their training. */
public final class NewEncoder {
    private NewEncoder() {}

    /** A dense model with all weights zero, to be trained. */
    public static Encoder untrained(ModelDescription description, Backend backend) {
        var parameters = new Parameters(backend);
        try {
            var parts = new LayerBuilder(parameters, description.architecture(), AdaptiveConfig.DENSE);
            Network network = EncoderLoading.network(description, AdaptiveConfig.DENSE, parts);
            return new Encoder(description, parameters, network, parts.stored());
        } catch (Throwable e) {
            parameters.close();
            throw e;
        }
    }

    /**
     * A dense model with a short path, whose layers start as the dense ones and whose gate knows nothing. Units of MLPs are ordered by how they behave on sample inputs; that the dense
     * MLPs are too does not change what they compute.
     *
     * @param forwards runs a model on sample inputs
     * @throws BadFileException if the model is not dense, or of a kind that has no short path
     */
    public static Encoder withShortPath(
            ModelFiles dense, Backend backend, Consumer<Encoder> forwards, RandomGenerator random) {
        var parameters = new Parameters(backend);
        try {
            if (!dense.description().adaptable().tokens()) {
                throw new BadFileException(
                        dense.description().name(),
                        "is " + dense.description().kind()
                                + ", whose tokens cannot leave; distill mlp or projections of attention");
            }
            NeededTensors.check(dense, AdaptiveConfig.DENSE);
            ShortPathConfig shortPath = newShortPath(dense.description());
            var config = new AdaptiveConfig(Optional.empty(), Optional.of(shortPath));
            ModelDescription description = dense.description().withAcm(Optional.of(shortPath.toJson()));
            var parts = new LayerBuilder(parameters, description.architecture(), config);
            Network network = EncoderLoading.network(description, config, parts);
            StoredTensor.loadAll(
                    parts.stored().stream()
                            .filter(tensor -> isDense(tensor.parameter().part()))
                            .toList(),
                    dense.weights());
            Encoder encoder = EncoderLoading.prepared(new Encoder(description, parameters, network, parts.stored()));
            encoder.narrowParameters().forEach(parameter -> copyDense(parameter, parameters));
            NarrowMlps.start(encoder.slots(), network.narrowSlots(), () -> forwards.accept(encoder));
            encoder.narrowParameters().forEach(Parameter::changed);
            network.leaving().get().gate().start(random);
            encoder.prepare(backend.stream());
            return encoder;
        } catch (Throwable e) {
            parameters.close();
            throw e;
        }
    }

    /** Whether the dense model has it. */
    private static boolean isDense(Parameter.Part part) {
        return part != Parameter.Part.NARROW && part != Parameter.Part.GATE;
    }

    private static ShortPathConfig newShortPath(ModelDescription dense) {
        int layers = dense.architecture().layers();
        return new ShortPathConfig(
                dense.name(), NarrowLayers.inOrder(layers), LeastWorth.NONE, PlanLosses.unknown(layers));
    }

    /** What a parameter of a narrow layer starts as; those of its MLP are then written by {@link NarrowMlps#start}. */
    private static void copyDense(Parameter ofNarrow, Parameters parameters) {
        Tensor dense = parameters
                .get(ofNarrow.name().substring(ShortPathConfig.PREFIX.length()))
                .value();
        if (dense.sameShape(ofNarrow.value())) {
            try (HostTensor from = parameters.backend().read(dense);
                    HostTensor to = ofNarrow.write()) {
                to.copyFrom(from);
            }
        }
    }
}
