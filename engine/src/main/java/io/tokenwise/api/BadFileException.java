package io.tokenwise.api;

/** A file is not what it must be. The message is one line that names the file, the part of it, and what would be right. */
public final class BadFileException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final int MAX_LENGTH = 600;

    /**
     * Says {@code file: fact}.
     *
     * @param file its name, or the part of it
     * @param fact what is wrong, and what would be right
     */
    public BadFileException(String file, String fact) {
        super(printable(file + ": " + fact));
    }

    /**
     * Says {@code file: fact}, of a fact that another exception revealed.
     *
     * @param file its name, or the part of it
     * @param fact what is wrong, and what would be right
     * @param cause by which it was seen
     */
    public BadFileException(String file, String fact, Throwable cause) {
        super(printable(file + ": " + fact), cause);
    }

    /** Names come from the file: they must not break the line, steer the user's terminal or fill the log. */
    private static String printable(String message) {
        String shown = message.length() > MAX_LENGTH ? message.substring(0, MAX_LENGTH) + "..." : message;
        return shown.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", "?");
    }
}
