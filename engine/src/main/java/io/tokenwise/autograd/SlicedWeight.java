package io.tokenwise.autograd;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/**
 * A weight matrix cut along one of its sides into slices of one size, each in the packed form that products need. Only inference needs it.
 */
public final class SlicedWeight {
    private final Parameters owner;
    private final Parameter parameter;
    private final int count;
    private final boolean alongOutputs;

    /** The columns, or rows, that are cut, in their order; null for all as they are. */
    private final int[] order;

    private List<PackedMatrix> slices;
    private int version;

    /** {@code count} slices, which must divide the parameter's outputs, its columns, or else its inputs. */
    public SlicedWeight(Parameters owner, Parameter parameter, int count, boolean alongOutputs) {
        this(owner, parameter, count, alongOutputs, null);
    }

    /** The same of some of the parameter's columns, or else of its rows, in the given order. */
    public SlicedWeight(Parameters owner, Parameter parameter, int count, boolean alongOutputs, int[] order) {
        this.owner = owner;
        this.parameter = parameter;
        this.count = count;
        this.alongOutputs = alongOutputs;
        this.order = order;
    }

    /** Packs the slices, unless that has been done since the value changed last. Returns them in order, always the same objects. */
    public List<PackedMatrix> prepare(Stream stream) {
        if (!isPrepared()) {
            if (order == null) {
                pack(stream, parameter.value());
            } else {
                try (Arena arena = Arena.ofShared()) {
                    pack(stream, ordered(arena));
                }
            }
            version = parameter.version();
        }
        return slices;
    }

    /** Whether what {@link #prepare} has packed is the value that there is now: what inference asserts. */
    public boolean isPrepared() {
        return slices != null && version == parameter.version();
    }

    private void pack(Stream stream, Tensor source) {
        if (slices == null) {
            var sizes = new int[count];
            Arrays.fill(sizes, (alongOutputs ? source.columns() : source.rows()) / count);
            slices =
                    owner.backend().allocateSlices(owner.arena(), source.rows(), source.columns(), sizes, alongOutputs);
        }
        stream.packSlices(source, slices);
    }

    private Tensor ordered(Arena arena) {
        Tensor all = parameter.value();
        int rows = alongOutputs ? all.rows() : order.length;
        int columns = alongOutputs ? order.length : all.columns();
        Tensor some = owner.backend().allocate(arena, rows, columns);
        try (HostTensor from = parameter.read();
                HostTensor to = owner.backend().write(some)) {
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    to.set(row, column, alongOutputs ? from.get(row, order[column]) : from.get(order[row], column));
                }
            }
        }
        return some;
    }
}
