package io.tokenwise.autograd;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;

/**
 * A weight matrix in the packed forms that products need: packed once when the model is loaded, and again after
 * each change in training.
 *
 * <p>Thread-safe while nobody writes the parameter's value: who comes first packs it.
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

        /** The parameter's version that was packed; below all until then. Written after the matrix, so that who sees it sees the matrix. */
        volatile int version = -1;
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
        if (plain.version != parameter.version()) {
            pack(stream, plain, false);
        }
        return plain.matrix;
    }

    /** {@code [outputs, inputs]}, what a table of embeddings multiplies by to give logits. */
    public PackedMatrix transposed(Stream stream) {
        if (transposed.version != parameter.version()) {
            pack(stream, transposed, true);
        }
        return transposed.matrix;
    }

    private synchronized void pack(Stream stream, Form form, boolean transpose) {
        if (form.version == parameter.version()) {
            return;
        }
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
