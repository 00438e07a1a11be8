package io.tokenwise.fuzz;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;

/**
 * What no input may do.
 *
 * @param kind as {@code exception}, {@code memory}, {@code hang}
 * @param what one line
 * @param stack where, as the JVM prints it; empty if nobody knows
 */
record Finding(String kind, String what, String stack) {
    static Finding of(Throwable thrown) {
        var stack = new StringWriter();
        thrown.printStackTrace(new PrintWriter(stack));
        return new Finding("exception", thrown.toString().lines().findFirst().orElse(""), stack.toString());
    }

    static Finding hang(StackTraceElement[] stack, String what) {
        StringBuilder lines = new StringBuilder();
        Arrays.stream(stack)
                .forEach(frame -> lines.append("\tat ").append(frame).append('\n'));
        return new Finding("hang", what, lines.toString());
    }

    /** Of the file that keeps an input which shows it. */
    String fileName(byte[] packed) {
        return key() + "-" + Integer.toHexString(Arrays.hashCode(packed));
    }

    /** The same for all inputs that show the same: of the stack, where it is in our own code, and the exception's type. */
    String key() {
        String ours = stack.lines()
                .filter(line -> line.startsWith("\tat ") && line.contains("io.tokenwise.") && !line.contains(".fuzz."))
                .findFirst()
                .orElse("nowhere");
        String type = switch (kind) {
            case "exception" -> what.replaceFirst(":.*", "");
            case "crash" -> what;
            default -> "";
        };
        return kind + "-" + Integer.toHexString((type + ours).hashCode());
    }
}
