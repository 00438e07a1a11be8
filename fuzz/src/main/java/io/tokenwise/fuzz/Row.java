package io.tokenwise.fuzz;

import java.util.Locale;

/**
 * What became of a target.
 *
 * @param read inputs that were not refused
 * @param drawn a checksum of all inputs that were made, in their order
 * @param corpus inputs to go out from at the end
 */
record Row(
        String target,
        long inputs,
        long drawn,
        long read,
        int corpus,
        long millis,
        Feedback.Counts counts,
        int findings) {
    static final String HEADER = String.format(
            "%-20s %10s %8s %8s %8s %18s %16s %8s",
            "target", "inputs", "read", "corpus", "s", "branches", "lines", "findings");

    /** @param findings how many there were, of all JVMs that had a part in it */
    static Row parse(String line, int findings) {
        String[] parts = line.split("\t");
        return new Row(
                parts[0],
                Long.parseLong(parts[1]),
                Long.parseLong(parts[2]),
                Long.parseLong(parts[3]),
                Integer.parseInt(parts[4]),
                Long.parseLong(parts[5]),
                new Feedback.Counts(
                        Integer.parseInt(parts[6]),
                        Integer.parseInt(parts[7]),
                        Integer.parseInt(parts[8]),
                        Integer.parseInt(parts[9])),
                findings);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%-20s %,10d %8d %8d %8.1f %7d of %,7d %6d of %,6d %8d",
                target,
                inputs,
                read,
                corpus,
                1e-3 * millis,
                counts.branches(),
                counts.ofBranches(),
                counts.lines(),
                counts.ofLines(),
                findings);
    }
}
