package io.tokenwise.server.observe;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;

/**
 * Counters, gauges and histograms by name and labels, written as Prometheus reads them (text format 0.0.4). Label values must be few: what a client sends is
 * none. Thread-safe.
 */
public final class Metrics {
    /** What {@link #text} is, as HTTP says it. */
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final Map<String, Family> families = new ConcurrentSkipListMap<>();

    private record Family(String type, String help, Map<String, Series> series) {}

    /** What has a value, or several. */
    private interface Series {
        void write(StringBuilder out, String name, String labels);
    }

    /**
     * A number that grows; the same one for the same name and labels.
     *
     * @param labels names and values in turn
     */
    public LongAdder counter(String name, String help, String... labels) {
        return ((Counter) series(name, "counter", help, labels, () -> new Counter(new LongAdder()))).value();
    }

    /** A number that grows and that somebody else counts. */
    public void counter(String name, String help, DoubleSupplier value, String... labels) {
        series(name, "counter", help, labels, () -> new Asked(value));
    }

    /** A number that goes up and down, asked for when it is read. */
    public void gauge(String name, String help, DoubleSupplier value, String... labels) {
        series(name, "gauge", help, labels, () -> new Asked(value));
    }

    /**
     * How often values were how large, where somebody else counts them.
     *
     * @param counts of values up to 1, above it up to 2, above it up to 4 and so on; last of those above all
     */
    public void doublings(String name, String help, Supplier<List<Long>> counts, DoubleSupplier sum, String... labels) {
        series(name, "histogram", help, labels, () -> new Doublings(counts, sum));
    }

    /**
     * How often values were how large; the same one for the same name and labels.
     *
     * @param bounds largest value of each bucket, ascending
     */
    public Histogram histogram(String name, String help, double[] bounds, String... labels) {
        return ((Distribution) series(name, "histogram", help, labels, () -> new Distribution(new Histogram(bounds))))
                .values();
    }

    private Series series(String name, String type, String help, String[] labels, Supplier<Series> ifNew) {
        Family family = families.computeIfAbsent(name, n -> new Family(type, help, new ConcurrentSkipListMap<>()));
        if (!family.type().equals(type)) {
            throw new IllegalArgumentException("metric " + name + " is a " + family.type() + ", not a " + type);
        }
        return family.series().computeIfAbsent(written(labels), n -> ifNew.get());
    }

    private static String written(String[] labels) {
        var written = new StringBuilder();
        for (int i = 0; i < labels.length; i += 2) {
            String value =
                    labels[i + 1].replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
            written.append(i == 0 ? "" : ",")
                    .append(labels[i])
                    .append("=\"")
                    .append(value)
                    .append('"');
        }
        return written.toString();
    }

    /** All of them. */
    public String text() {
        var out = new StringBuilder(16_384);
        families.forEach((name, family) -> {
            out.append("# HELP ").append(name).append(' ').append(family.help()).append('\n');
            out.append("# TYPE ").append(name).append(' ').append(family.type()).append('\n');
            family.series().forEach((labels, series) -> series.write(out, name, labels));
        });
        return out.toString();
    }

    private static void line(StringBuilder out, String name, String labels, double value) {
        out.append(name);
        if (!labels.isEmpty()) {
            out.append('{').append(labels).append('}');
        }
        out.append(' ').append(number(value)).append('\n');
    }

    private static String number(double value) {
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        boolean whole = value == Math.rint(value) && Math.abs(value) < 1L << 53;
        return whole ? Long.toString((long) value) : Double.toString(value);
    }

    private record Counter(LongAdder value) implements Series {
        @Override
        public void write(StringBuilder out, String name, String labels) {
            line(out, name, labels, value.sum());
        }
    }

    private record Asked(DoubleSupplier value) implements Series {
        @Override
        public void write(StringBuilder out, String name, String labels) {
            line(out, name, labels, value.getAsDouble());
        }
    }

    private record Doublings(Supplier<List<Long>> counts, DoubleSupplier sum) implements Series {
        @Override
        public void write(StringBuilder out, String name, String labels) {
            long[] all = counts.get().stream().mapToLong(Long::longValue).toArray();
            IntToDoubleFunction bound = bucket -> bucket < all.length - 1 ? 1L << bucket : Double.POSITIVE_INFINITY;
            histogram(out, name, labels, all, bound, sum.getAsDouble());
        }
    }

    private record Distribution(Histogram values) implements Series {
        @Override
        public void write(StringBuilder out, String name, String labels) {
            histogram(out, name, labels, values.counts(), values::bound, values.sum());
        }
    }

    /** Buckets as Prometheus has them: each with those below. */
    private static void histogram(
            StringBuilder out, String name, String labels, long[] counts, IntToDoubleFunction bound, double sum) {
        String before = labels.isEmpty() ? "" : labels + ",";
        long upTo = 0;
        for (int bucket = 0; bucket < counts.length; bucket++) {
            upTo += counts[bucket];
            line(out, name + "_bucket", before + "le=\"" + number(bound.applyAsDouble(bucket)) + '"', upTo);
        }
        line(out, name + "_sum", labels, sum);
        line(out, name + "_count", labels, upTo);
    }
}
