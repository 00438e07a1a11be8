package io.tokenwise.bench.scale;

import io.tokenwise.bench.scale.Outcome.Activity;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Outcomes as a table in Markdown, row by row.
 *
 * @param pricePerCoreHour what a user pays, in any currency; null if nothing is said
 */
record ScaleTable(PrintWriter out, Double pricePerCoreHour) {
    private static final double TERABYTES = 1e-6;

    /** What cores do beside computing, in the order of columns. */
    private static final List<Activity> ELSE = List.of(
            Activity.MOVING,
            Activity.SHUFFLING,
            Activity.LAUNCHING,
            Activity.STARTING,
            Activity.STRAGGLING,
            Activity.LOST,
            Activity.IDLE);

    void head() {
        List<String> columns = new ArrayList<>(List.of(
                "texts",
                "budget",
                "us a text",
                "executors",
                "a partition",
                "store, MB/s",
                "core-hours",
                "hours",
                "TB read / written / shuffled",
                "requests/s",
                "computing, %",
                "moving / shuffling / launching / starting / slow / lost / idle, %",
                "bound by"));
        if (pricePerCoreHour != null) {
            columns.add("your price");
        }
        out.println("| " + String.join(" | ", columns) + " |");
        out.println("|---".repeat(columns.size()) + "|");
    }

    void row(Job job, Cluster cluster, double budget, TextCost cost, Outcome outcome) {
        out.printf(
                Locale.ROOT,
                "| %s | %.2f | %.0f | %d | %d | %s | %.0f | %.2f | %.1f / %.1f / %.1f | %.0f | %.1f | %s | %s |",
                count(job.texts()),
                budget,
                cost.micros(),
                cluster.executors(),
                job.textsPerTask(),
                rate(cluster.store().megabytesPerSecond()),
                outcome.coreHours(),
                outcome.seconds() / 3600,
                outcome.readMegabytes() * TERABYTES,
                outcome.writtenMegabytes() * TERABYTES,
                outcome.shuffledMegabytes() * TERABYTES,
                outcome.requests() / outcome.seconds(),
                100 * outcome.share(Activity.COMPUTING),
                elseShares(outcome),
                outcome.bound());
        if (pricePerCoreHour != null) {
            out.printf(Locale.ROOT, " %.2f |", pricePerCoreHour * outcome.coreHours());
        }
        out.println();
        out.flush();
    }

    private static String rate(double megabytes) {
        return Double.isInfinite(megabytes) ? "enough" : String.format(Locale.ROOT, "%.0f", megabytes);
    }

    private static String elseShares(Outcome outcome) {
        return ELSE.stream()
                .map(activity -> String.format(Locale.ROOT, "%.1f", 100 * outcome.share(activity)))
                .collect(Collectors.joining(" / "));
    }

    /** Such as {@code 10 billion}. */
    static String count(long texts) {
        if (texts % 1_000_000_000 == 0) {
            return texts / 1_000_000_000 + " billion";
        }
        return texts % 1_000_000 == 0 ? texts / 1_000_000 + " million" : String.valueOf(texts);
    }
}
