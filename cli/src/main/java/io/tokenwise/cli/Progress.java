package io.tokenwise.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * How far long work has come, with rate and time left, on stderr: one line that is drawn again and again on a terminal, elsewhere
 * a line every few seconds. Used by one thread; closed when the work ends, however it ends.
 */
final class Progress implements AutoCloseable {
    private static final Duration BETWEEN_DRAWINGS = Duration.ofMillis(200);
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(5);
    private static final int BAR_WIDTH = 24;

    /** Units a second below which one of them is told in seconds. */
    private static final double SLOW = 0.1;

    /** Back to the line's start, and no wrapping at the terminal's edge: what is too long is cut. */
    private static final String REDRAW = "\r\u001b[?7l";

    /** Clears what an earlier, longer line left, and wraps again. */
    private static final String END_OF_DRAWING = "\u001b[K\u001b[?7h";

    private final PrintWriter err;
    private final boolean terminal;
    private final LongSupplier nanoTime;
    private final String task;
    private final String unit;
    private final long total;
    private final long start;
    private long nextReport;
    private long resumedAt;
    private long done;

    /**
     * Starts to show work.
     *
     * @param task what is done, as in {@code distil layers}
     * @param unit what is counted, as in {@code texts}
     * @param total how many units the work has
     */
    Progress(PrintWriter err, String task, String unit, long total) {
        // The script knows whether stderr is a terminal; Java can only tell of stdin and stdout together.
        this(err, Boolean.getBoolean("tokenwise.terminal"), System::nanoTime, task, unit, total);
    }

    Progress(PrintWriter err, boolean terminal, LongSupplier nanoTime, String task, String unit, long total) {
        this.err = err;
        this.terminal = terminal;
        this.nanoTime = nanoTime;
        this.task = task;
        this.unit = unit;
        this.total = total;
        start = nanoTime.getAsLong();
        nextReport = terminal ? start : start + BETWEEN_LINES.toNanos();
    }

    /** Tells that an earlier run did so many units, which say nothing of the rate now. */
    void resumeAt(long doneBefore) {
        resumedAt = doneBefore;
        done = doneBefore;
    }

    /**
     * Tells how much of the work is done.
     *
     * @param done units done so far, never less than before
     * @param note what else to show, such as the loss; may be empty
     */
    void update(long done, String note) {
        this.done = done;
        long now = nanoTime.getAsLong();
        if (now - nextReport < 0) {
            return;
        }
        nextReport = now + (terminal ? BETWEEN_DRAWINGS : BETWEEN_LINES).toNanos();
        double rate = now == start ? 0 : (done - resumedAt) * 1e9 / (now - start);
        String speed = rate == 0 ? "" : ", " + speed(rate) + ", " + duration((total - done) / rate) + " left";
        print(summary() + " (" + percent() + " %)" + speed + (note.isEmpty() ? "" : "; " + note), !terminal);
    }

    /** Ends with a line that says how long the work took. */
    @Override
    public void close() {
        print(summary() + " in " + duration((nanoTime.getAsLong() - start) / 1e9), true);
    }

    private void print(String text, boolean lineEnds) {
        if (terminal) {
            int full = (int) (BAR_WIDTH * percent() / 100);
            err.print(REDRAW + "█".repeat(full) + "░".repeat(BAR_WIDTH - full) + " " + text + END_OF_DRAWING);
        } else {
            err.print(text);
        }
        if (lineEnds) {
            err.println();
        }
        err.flush();
    }

    private String summary() {
        return String.format(Locale.ROOT, "%s: %,d of %,d %s", task, done, total, unit);
    }

    private long percent() {
        return total == 0 ? 100 : 100 * done / total;
    }

    private String speed(double rate) {
        return rate < SLOW
                ? duration(1 / rate) + " each"
                : String.format(Locale.ROOT, rate < 10 ? "%.1f" : "%,.0f", rate) + " " + unit + "/s";
    }

    static String duration(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        return whole < 3600
                ? whole / 60 + " min " + whole % 60 + " s"
                : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }
}
