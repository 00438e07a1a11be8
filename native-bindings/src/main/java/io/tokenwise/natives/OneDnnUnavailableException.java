package io.tokenwise.natives;

/** There is no usable oneDNN. The message, one line, names each place that was tried and what was wrong with it. */
public final class OneDnnUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    OneDnnUnavailableException(String message) {
        super(message);
    }
}
