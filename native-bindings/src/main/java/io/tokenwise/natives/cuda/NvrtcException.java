package io.tokenwise.natives.cuda;

/** NVRTC did not compile a program. The message is one line, with the compiler's first error; {@link #log} has all that it said. */
public final class NvrtcException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String log;

    NvrtcException(String operation, String error, int number, String log) {
        super("NVRTC: " + operation + ": " + error + " (" + number + ")" + first(log));
        this.log = log;
    }

    /** The compiler's log, of many lines, or empty. */
    public String log() {
        return log;
    }

    private static String first(String log) {
        return log.lines()
                .filter(line -> line.contains("error"))
                .findFirst()
                .or(() -> log.lines().filter(line -> !line.isBlank()).findFirst())
                .map(line -> ": " + line.strip())
                .orElse("");
    }
}
