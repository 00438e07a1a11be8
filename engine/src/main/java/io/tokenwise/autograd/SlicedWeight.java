package io.tokenwise.autograd;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import java.util.Arrays;
import java.util.List;

/**
 * A weight matrix cut along one of its sides into slices of one size, each in the packed form that products need: packed once when the
 * model is loaded, and again after each change in training. {@link #packed} is thread-safe once it has run and while nobody trains.
 */
public final class SlicedWeight {
    private final Parameters owner;
    private final Parameter parameter;
    private final int count;
    private final boolean alongOutputs;
    private List<PackedMatrix> slices;
    private int version;

    /** {@code count} slices, which must divide the parameter's outputs, its columns, or else its inputs. */
    public SlicedWeight(Parameters owner, Parameter parameter, int count, boolean alongOutputs) {
        this.owner = owner;
        this.parameter = parameter;
        this.count = count;
        this.alongOutputs = alongOutputs;
    }

    /** The slices in order. */
    public List<PackedMatrix> packed(Stream stream) {
        if (slices == null || version != parameter.version()) {
            if (slices == null) {
                int inputs = parameter.value().rows();
                int outputs = parameter.value().columns();
                var sizes = new int[count];
                Arrays.fill(sizes, (alongOutputs ? outputs : inputs) / count);
                slices = owner.backend().allocateSlices(owner.arena(), inputs, outputs, sizes, alongOutputs);
            }
            stream.packSlices(parameter.value(), slices);
            version = parameter.version();
        }
        return slices;
    }
}
