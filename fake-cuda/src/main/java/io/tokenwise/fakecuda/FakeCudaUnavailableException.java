package io.tokenwise.fakecuda;

/** This machine cannot build the simulation; the message says why in one line, for a test to skip with. */
public final class FakeCudaUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    FakeCudaUnavailableException(String reason) {
        super(reason);
    }
}
