package io.tokenwise.io;

/** A file is not what it must be. The message is one line that names the file, the part of it, and what would be right. */
public final class BadFileException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** A fact about a file, as {@code file: fact}. */
    public BadFileException(String file, String fact) {
        super(file + ": " + fact);
    }

    /** A fact about a file that another exception revealed. */
    public BadFileException(String file, String fact, Throwable cause) {
        super(file + ": " + fact, cause);
    }
}
