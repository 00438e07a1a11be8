package io.tokenwise.bench;

import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code bench frontier} gave. Its JSON shape is kept stable: fields may be added, none is renamed or removed.
 *
 * @param cpu name of the processor
 * @param jdk version of the Java runtime
 * @param base the name of the candidate whose time is 1
 * @param notes what was compared and how, a sentence each
 * @param metrics those that were measured: their keys with their names for people
 * @param comparisons ours and each rival at equal time
 * @param verdicts whether the threshold that was written down before holds
 */
record FrontierResults(
        String cpu,
        String jdk,
        String base,
        List<String> notes,
        Map<String, String> metrics,
        List<Row> rows,
        List<Comparison> comparisons,
        List<Verdict> verdicts) {
    /**
     * One candidate at one length.
     *
     * @param length of the texts by which it was timed, in tokens, or bulk
     * @param name the candidate's, unique
     * @param series the key of its curve
     * @param label its curve's name for people
     * @param kind ours, dense or rival
     * @param setting what differs along the curve, often a share; may be empty
     * @param reachesDense whether its curve goes on to the dense model
     * @param inDomain whether it has seen WordNet
     * @param tokensPerText that its model was given, mean
     * @param timeShare median of a call over that of the base in the same run
     * @param p50Micros median of a call
     * @param cpuSecondsPerThousand processor time for 1,000 texts
     * @param quality by the metrics' keys; the same at every length
     */
    record Row(
            String length,
            String name,
            String series,
            String label,
            String kind,
            String setting,
            boolean reachesDense,
            boolean inDomain,
            double tokensPerText,
            double timeShare,
            double p50Micros,
            double cpuSecondsPerThousand,
            Map<String, Measure> quality) {}

    /** A figure with its standard error over queries. */
    record Measure(double value, double standardError) {}

    /**
     * Ours and a rival at equal time, each by its own curve, linear between settings.
     *
     * @param timeShare the time at which they are compared, a share of the base's
     * @param metric its key
     * @param rival the key of its series
     * @param dense what the base has
     * @param ours what ours has
     * @param theirs what the rival has
     * @param difference ours less theirs
     * @param low the lower end of its 95 % interval
     * @param high the upper end
     * @param halfTheirLoss whether ours loses at most half of what the rival loses against dense
     */
    record Comparison(
            String length,
            double timeShare,
            String metric,
            String rival,
            double dense,
            double ours,
            double theirs,
            double difference,
            double low,
            double high,
            boolean halfTheirLoss) {}

    /**
     * Whether the threshold holds for a length, a time and a metric.
     *
     * @param bestRival the rival with the most quality at that time; null if there is none so fast, or ours is not
     * @param holds false too where ours has nothing so fast; null where no rival has, so that there is nothing to compare
     * @param sentence the figures, for people
     */
    record Verdict(String length, double timeShare, String metric, String bestRival, Boolean holds, String sentence) {}

    String asJson() {
        return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(this);
    }

    List<String> lengths() {
        return rows.stream().map(Row::length).distinct().toList();
    }

    List<Row> of(String length) {
        return rows.stream().filter(row -> row.length().equals(length)).toList();
    }
}
