package io.tokenwise.autograd;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;

/**
 * A weight matrix in the packed forms that products need: packed once when the model is loaded, and again after
 * each change in training.
 *
 * <p>{@link #packed} is thread-safe once {@link #prepare} has run and while nobody trains; the transposed form, which mostly
 * backward passes need, once it was asked for.
 */
public final class Weight {
    private final Parameters owner;
    private final Parameter parameter;
    private final Form plain = new Form();
    private final Form transposed = new Form();

    public Weight(Parameters owner, Parameter parameter) {
        this.owner = owner;
        this.parameter = parameter;
    }

    private static final class Form {
        PackedMatrix matrix;
        int version;
    }

    public Parameter parameter() {
        return parameter;
    }

    public int inputs() {
        return parameter.value().rows();
    }

    public int outputs() {
        return parameter.value().columns();
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

    /** {@code [outputs, inputs]}, what a table of embeddings multiplies by to give logits. */
    public PackedMatrix transposed(Stream stream) {
        if (transposed.matrix == null || transposed.version != parameter.version()) {
            pack(stream, transposed, true);
        }
        return transposed.matrix;
    }

    private void pack(Stream stream, Form form, boolean transpose) {
        if (form.matrix == null) {
            form.matrix = allocate(transpose);
        }
        stream.pack(parameter.value(), transpose, form.matrix);
        form.version = parameter.version();
    }

    private PackedMatrix allocate(boolean transpose) {
        return transpose
                ? owner.backend().allocatePacked(owner.arena(), outputs(), inputs())
                : owner.backend().allocatePacked(owner.arena(), inputs(), outputs());
    }
}
