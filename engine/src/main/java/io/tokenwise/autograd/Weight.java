package io.tokenwise.autograd;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/**
 * A weight matrix in the packed forms that products need. Training prepares a form before each product, which packs it again if the value
 * was changed; inference reads what was prepared when the model was loaded, or after training, and never compares.
 *
 * <p>Thread-safe while nobody writes the parameter's value.
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

    /** Packs the value, unless that has been done since it changed last. */
    public PackedMatrix prepare(Stream stream) {
        return prepare(stream, plain, false);
    }

    /**
     * What {@link #prepare} has packed.
     *
     * @throws IllegalStateException if it has not run
     */
    public PackedMatrix packed() {
        return prepared(plain);
    }

    /** As {@link #prepare}, of {@code [outputs, inputs]}: what a table of embeddings multiplies by to give logits. */
    public PackedMatrix prepareTransposed(Stream stream) {
        return prepare(stream, transposed, true);
    }

    /**
     * What {@link #prepareTransposed} has packed.
     *
     * @throws IllegalStateException if it has not run
     */
    public PackedMatrix transposed() {
        return prepared(transposed);
    }

    /** New zeros {@code [1, outputs]}, for products that need a bias where there is none. */
    public Tensor noBias() {
        return owner.constant(1, outputs());
    }

    /** Whether what {@link #prepare} has packed is the value that there is now: what inference asserts. */
    public boolean isPrepared() {
        return plain.version == parameter.version();
    }

    private PackedMatrix prepared(Form form) {
        if (form.matrix == null) {
            throw new IllegalStateException(parameter + " is not prepared for inference: call prepare first");
        }
        assert form.version == parameter.version() : parameter + " was changed and not prepared again";
        return form.matrix;
    }

    private PackedMatrix prepare(Stream stream, Form form, boolean transpose) {
        if (form.version != parameter.version()) {
            pack(stream, form, transpose);
        }
        return form.matrix;
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
