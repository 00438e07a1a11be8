package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;

/** What an operation computes with in a forward pass: where, where its result lies, and the tape, on which it records itself if there is one. */
public interface Recorder {
    Stream stream();

    Workspace workspace();

    /** Null in inference. */
    Tape tape();

    /** For a result: its values are unspecified. */
    default Tensor tensor(int rows, int columns) {
        return workspace().tensor(rows, columns);
    }

    /** The same of an operation without parameters. */
    default void frozen(String operation, Tensor x) {
        frozen(operation, x, null, null);
    }

    /**
     * Throws if an operation that has no gradient were part of what is trained. Two parameters, each may be null: any number of them would be an array for each
     * operation of a warm forward.
     */
    default void frozen(String operation, Tensor x, Parameter one, Parameter other) {
        Tape tape = tape();
        if (tape != null && (tape.tracks(x) || tape.trains(one) || tape.trains(other))) {
            throw new UnsupportedOperationException(
                    operation + ": has no gradient, so neither it nor what comes before it can be trained");
        }
    }
}
