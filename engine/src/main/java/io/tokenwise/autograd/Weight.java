package io.tokenwise.autograd;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;

/**
 * A weight matrix, or a block of one, in the packed forms that products need: packed once when the model is loaded, and again after
 * each change in training.
 *
 * <p>{@link #packed} is thread-safe once {@link #prepare} has run and while nobody trains; the transposed form, which only
 * backward passes need, is for one thread.
 */
public final class Weight {
    private final Parameters owner;
    private final Parameter parameter;
    private final int fromRow;
    private final int fromColumn;
    private final int inputs;
    private final int outputs;
    private final Form plain = new Form();
    private final Form transposed = new Form();

    /** The packed form of a whole parameter {@code [inputs, outputs]}. */
    public Weight(Parameters owner, Parameter parameter) {
        this(owner, parameter, 0, 0, parameter.value().rows(), parameter.value().columns());
    }

    /** The packed form of the block {@code [inputs, outputs]} of a parameter that starts at the given corner. */
    public Weight(Parameters owner, Parameter parameter, int fromRow, int fromColumn, int inputs, int outputs) {
        this.owner = owner;
        this.parameter = parameter;
        this.fromRow = fromRow;
        this.fromColumn = fromColumn;
        this.inputs = inputs;
        this.outputs = outputs;
    }

    private static final class Form {
        PackedMatrix matrix;
        int version;
    }

    public Parameter parameter() {
        return parameter;
    }

    public int inputs() {
        return inputs;
    }

    public int outputs() {
        return outputs;
    }

    /** Packs now, so that {@link #packed} only reads from here on. */
    public void prepare(Stream stream) {
        packed(stream);
    }

    public PackedMatrix packed(Stream stream) {
        if (plain.matrix == null || plain.version != parameter.version()) {
            pack(stream, plain, false);
        }
        return plain.matrix;
    }

    PackedMatrix transposed(Stream stream) {
        if (transposed.matrix == null || transposed.version != parameter.version()) {
            pack(stream, transposed, true);
        }
        return transposed.matrix;
    }

    private void pack(Stream stream, Form form, boolean transpose) {
        if (form.matrix == null) {
            form.matrix = allocate(transpose);
        }
        stream.pack(parameter.value(), fromRow, fromColumn, transpose, form.matrix);
        form.version = parameter.version();
    }

    private PackedMatrix allocate(boolean transpose) {
        int allInputs = parameter.value().rows();
        int allOutputs = parameter.value().columns();
        return transpose
                ? owner.backend().allocatePacked(owner.arena(), outputs, inputs, allOutputs, allInputs)
                : owner.backend().allocatePacked(owner.arena(), inputs, outputs, allInputs, allOutputs);
    }
}
