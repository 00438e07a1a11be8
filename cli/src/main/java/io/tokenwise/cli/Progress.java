package io.tokenwise.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * How far long work has come, on stderr: a bar with rate and time left on a terminal, elsewhere a line every few seconds. Used by
 * one thread; closed when the work ends, however it ends.
 */
interface Progress extends AutoCloseable {
    /**
     * Sets how much of the work is done.
     *
     * @param done units done so far, never less than before
     * @param note what else to show, such as the loss; may be empty
     */
    void update(long done, String note);

    @Override
    void close();

    /**
     * Starts to show work.
     *
     * @param task what is done, as in {@code distil layers}
     * @param unit what is counted, as in {@code texts}
     * @param total how many units the work has
     */
    static Progress start(PrintWriter err, String task, String unit, long total) {
        return Boolean.getBoolean("tokenwise.terminal")
                ? new Bar(task, unit, total)
                : new Lines(err, task, unit, total, System::nanoTime);
    }

    /** For a terminal: one line that is drawn again and again. */
    final class Bar implements Progress {
        private final ProgressBar bar;

        Bar(String task, String unit, long total) {
            bar = new ProgressBarBuilder()
                    .setTaskName(task)
                    .setUnit(" " + unit, 1)
                    .setInitialMax(total)
                    .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BAR)
                    .setUpdateIntervalMillis(200)
                    .showSpeed()
                    .build();
        }

        @Override
        public void update(long done, String note) {
            bar.stepTo(done);
            bar.setExtraMessage(note);
        }

        @Override
        public void close() {
            bar.close();
        }
    }

    /** For a file or a pipe: plain lines, few enough to read. */
    final class Lines implements Progress {
        static final Duration INTERVAL = Duration.ofSeconds(5);

        private final PrintWriter err;
        private final String task;
        private final String unit;
        private final long total;
        private final LongSupplier nanoTime;
        private final long start;
        private long nextLine;
        private long done;

        Lines(PrintWriter err, String task, String unit, long total, LongSupplier nanoTime) {
            this.err = err;
            this.task = task;
            this.unit = unit;
            this.total = total;
            this.nanoTime = nanoTime;
            start = nanoTime.getAsLong();
            nextLine = start + INTERVAL.toNanos();
        }

        @Override
        public void update(long done, String note) {
            this.done = done;
            long now = nanoTime.getAsLong();
            if (now - nextLine < 0) {
                return;
            }
            nextLine = now + INTERVAL.toNanos();
            double rate = done * 1e9 / (now - start);
            String left = rate > 0 ? ", " + duration((total - done) / rate) + " left" : "";
            err.printf(
                    Locale.ROOT,
                    "%s: %,d of %,d %s (%d %%), %s %s/s%s%s%n",
                    task,
                    done,
                    total,
                    unit,
                    total == 0 ? 100 : 100 * done / total,
                    rate < 10 ? String.format(Locale.ROOT, "%.1f", rate) : String.format(Locale.ROOT, "%,.0f", rate),
                    unit,
                    left,
                    note.isEmpty() ? "" : "; " + note);
            err.flush();
        }

        @Override
        public void close() {
            double seconds = (nanoTime.getAsLong() - start) / 1e9;
            err.printf(Locale.ROOT, "%s: %,d of %,d %s in %s%n", task, done, total, unit, duration(seconds));
            err.flush();
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
}
