package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Weights under the names that this project uses, whatever the exporter called them. */
public final class RenamedWeights implements WeightSource {
    private static final Pattern NUMBER = Pattern.compile("(?<=\\.)\\d+(?=\\.)");

    private final WeightSource source;
    private final Map<String, Origin> origins;

    /**
     * Where a tensor comes from.
     *
     * @param name in the source
     * @param part which of the equal parts of its rows, from 0
     * @param parts 1 for the whole tensor
     */
    public record Origin(String name, int part, int parts) {
        public Origin(String name) {
            this(name, 0, 1);
        }
    }

    /** @param origins by our names */
    public RenamedWeights(WeightSource source, Map<String, Origin> origins) {
        this.source = source;
        this.origins = origins;
    }

    /**
     * Checks that the tensors fit the description. An adaptive model has others too: who knows the {@code acm} object checks them, and says so if
     * it lacks dense ones.
     */
    public void check(ModelDescription description) {
        Map<String, long[]> tensors = ModelShapes.of(description).tensors();
        requireNoFurther(tensors.keySet());
        tensors.forEach((name, wanted) -> {
            boolean present = origins.containsKey(name);
            if (!present && description.acm().isEmpty()) {
                throw new BadFileException(description(), "has no tensor " + name);
            }
            if (present && !Arrays.equals(shape(name), wanted)) {
                throw new BadFileException(
                        description(),
                        "tensor " + name + " has shape " + Arrays.toString(shape(name))
                                + ", by the model's description it must be " + Arrays.toString(wanted));
            }
        });
    }

    /** Of tensors that nobody reads most mean nothing; those of further layers mean that this is another model. */
    private void requireNoFurther(Set<String> wanted) {
        Set<String> kinds = wanted.stream().map(RenamedWeights::unnumbered).collect(Collectors.toSet());
        for (String name : origins.keySet()) {
            if (!wanted.contains(name) && kinds.contains(unnumbered(name))) {
                throw new BadFileException(
                        description(),
                        "has a tensor " + origin(name).name()
                                + ", whose layer is not in the model's description: config.json"
                                + " says fewer layers than there are weights of");
            }
        }
    }

    private static String unnumbered(String name) {
        return NUMBER.matcher(name).replaceAll("#");
    }

    @Override
    public String description() {
        return source.description();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(origins.keySet());
    }

    @Override
    public long[] shape(String name) {
        Origin origin = origin(name);
        long[] shape = source.shape(origin.name());
        if (origin.parts() > 1) {
            if (shape.length == 0 || shape[0] % origin.parts() != 0) {
                throw new BadFileException(
                        description(),
                        "tensor " + origin.name() + " has shape " + Arrays.toString(shape) + ", it must hold "
                                + origin.parts() + " parts of equal size");
            }
            shape[0] /= origin.parts();
        }
        return shape;
    }

    @Override
    public String type(String name) {
        return source.type(origin(name).name());
    }

    @Override
    public void read(String name, MemorySegment destination) {
        Origin origin = origin(name);
        if (origin.parts() == 1) {
            source.read(origin.name(), destination);
            return;
        }
        long bytes = destination.byteSize();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = arena.allocate(Math.multiplyExact(bytes, origin.parts()), Float.BYTES);
            source.read(origin.name(), whole);
            destination.copyFrom(whole.asSlice(bytes * origin.part(), bytes));
        }
    }

    @Override
    public void close() {
        source.close();
    }

    private Origin origin(String name) {
        Origin origin = origins.get(name);
        if (origin == null) {
            throw new BadFileException(description(), "has no tensor " + name);
        }
        return origin;
    }
}
