package io.tokenwise.bench.scale;

import io.tokenwise.bench.scale.Outcome.Activity;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

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
        String price = pricePerCoreHour == null ? "" : " your price |";
        out.println("| texts | budget | a partition | us a text | core-hours | hours | TB read / written / shuffled | requests/s"
                + " | computing, % | moving / shuffling / launching / starting / slow / lost / idle, % | repeated | bound by |" + price);
        out.println("|---".repeat(pricePerCoreHour == null ? 12 : 13) + "|");
    }

    void row(Job job, double budget, TextCost cost, Outcome outcome) {
        String price = pricePerCoreHour == null
                ? ""
                : String.format(Locale.ROOT, " %.2f |", pricePerCoreHour * outcome.coreHours());
        out.printf(
                Locale.ROOT,
                "| %s | %.2f | %d | %.0f | %,.0f | %.2f | %.1f / %.1f / %.1f | %.0f | %.1f | %s | %d | %s |%s%n",
                count(job.texts()),
                budget,
                job.textsPerTask(),
                cost.micros(),
                outcome.coreHours(),
                outcome.seconds() / 3600,
                outcome.readMegabytes() * TERABYTES,
                outcome.writtenMegabytes() * TERABYTES,
                outcome.shuffledMegabytes() * TERABYTES,
                outcome.requests() / outcome.seconds(),
                100 * outcome.share(Activity.COMPUTING),
                elseShares(outcome),
                outcome.repeated(),
                outcome.bound(),
                price);
        out.flush();
    }

    private static String elseShares(Outcome outcome) {
        return ELSE.stream()
                .map(activity -> String.format(Locale.ROOT, "%.1f", 100 * outcome.share(activity)))
                .reduce((a, b) -> a + " / " + b)
                .orElseThrow();
    }

    /** Such as {@code 10 billion}. */
    static String count(long texts) {
        return texts % 1_000_000_000 == 0
                ? texts / 1_000_000_000 + " billion"
                : texts % 1_000_000 == 0 ? texts / 1_000_000 + " million" : String.valueOf(texts);
    }
}
