package io.tokenwise.model;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.BudgetSplit;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BadFileException;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.io.MachineMemory;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** From a model's files to an {@link Encoder} that is ready to run. */
final class EncoderLoading {
    private EncoderLoading() {}

    /** See {@link Encoder#load}. */
    static Encoder load(ModelFiles files, Backend backend) {
        var parameters = new Parameters(backend);
        try {
            ModelDescription description = files.description();
            AdaptiveConfig config = AdaptiveConfig.of(description);
            ModelShapes shapes = NeededTensors.check(files, config);
            NeededTensors.checkMemory(description.name(), shapes, backend.precision(), MachineMemory.limitBytes());
            var parts = new LayerBuilder(parameters, description.architecture(), config);
            Network network = network(description, config, parts);
            boolean parallel = backend.threads() > 1;
            try (var memory = new ReadMemory()) {
                forEach(
                        byParameter(parts.stored()),
                        parallel,
                        some -> some.forEach(part -> part.load(files.weights(), memory)));
            }
            if (config.acm().isPresent() && config.acm().get().differences()) {
                forEach(Acmizer.blocks(network.slots()), parallel, block -> addDenseSlices(block, backend.stream()));
            }
            return prepared(new Encoder(description, parameters, network, parts.stored()));
        } catch (Throwable e) {
            parameters.close();
            throw e;
        }
    }

    /** A parameter is for one writer at a time. */
    private static List<List<StoredTensor>> byParameter(List<StoredTensor> tensors) {
        return List.copyOf(tensors.stream()
                .collect(Collectors.groupingBy(StoredTensor::parameter, LinkedHashMap::new, Collectors.toList()))
                .values());
    }

    /** The network of a description, whose weights are zero. */
    static Network network(ModelDescription description, AdaptiveConfig config, LayerBuilder parts) {
        try {
            Network network = description.family().network(description, parts);
            List<Acm> modules = Acmizer.modules(network.slots());
            Acmizer.place(modules);
            Acmizer.split(modules, config.acm().map(AcmConfig::split).orElse(BudgetSplit.EVEN));
            if (config.shortPath().isPresent()
                    && !parts.shapesOnly()
                    && network.leaving().isEmpty()) {
                throw new BadFileException(
                        description.name(),
                        "is a model none of whose tokens can leave: name mlp, or projections of attention");
            }
            return network;
        } catch (IllegalArgumentException e) {
            throw new BadFileException(description.name() + " config.json", e.getMessage());
        }
    }

    /** Packs the weights, which were just written, on all threads of the backend. */
    static Encoder prepared(Encoder encoder) {
        Parameters parameters = encoder.parameters();
        parameters.all().forEach(Parameter::changed);
        Backend backend = parameters.backend();
        // A stream is for one caller at a time, and slots are prepared by several.
        forEach(encoder.allSlots(), backend.threads() > 1, slot -> slot.block().prepare(backend.stream()));
        encoder.prepareOutsideSlots(backend.stream());
        return encoder;
    }

    /** Returns, or throws the first failure, only when no element is being worked on any more: the caller may free memory then. */
    private static <T> void forEach(List<T> elements, boolean parallel, Consumer<T> work) {
        var failure = new AtomicReference<RuntimeException>();
        (parallel ? elements.parallelStream() : elements.stream()).forEach(element -> {
            try {
                work.accept(element);
            } catch (RuntimeException e) {
                failure.compareAndSet(null, e);
            } catch (OutOfMemoryError e) {
                failure.compareAndSet(null, new IllegalStateException("not enough memory for the model's weights", e));
            }
        });
        if (failure.get() != null) {
            throw failure.get();
        }
    }

    private static void addDenseSlices(AdaptiveBlock block, Stream stream) {
        try (Arena arena = Arena.ofShared()) {
            block.denseSlices(arena).forEach((learned, dense) -> stream.add(learned.value(), dense, learned.value()));
        }
    }
}
