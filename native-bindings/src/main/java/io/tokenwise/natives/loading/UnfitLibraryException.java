package io.tokenwise.natives.loading;

/** A file, or another place, that does not serve as a library; the message says why, without naming it. */
public final class UnfitLibraryException extends Exception {
    private static final long serialVersionUID = 1L;

    public UnfitLibraryException(String reason) {
        super(reason);
    }
}
