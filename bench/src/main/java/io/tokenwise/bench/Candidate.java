package io.tokenwise.bench;

/**
 * One point of the equal-time chart.
 *
 * @param series whose curve it is on
 * @param setting what differs along the curve, as {@code 0.5}; empty where there is one point only
 * @param embedder what is judged and timed
 */
record Candidate(Series series, String setting, Embedder embedder) {
    /** Whose side a series is on. */
    enum Kind {
        /** The adaptive model. */
        OURS,
        /** The dense model in our engine. */
        DENSE,
        /** Anything else. */
        RIVAL
    }

    /**
     * A way to be fast, at one setting or several.
     *
     * @param key its name for {@code --only}
     * @param label its name for people
     * @param reachesDense whether its curve goes on to the dense model, which it is where it leaves nothing out
     * @param inDomain whether it has seen WordNet, by whose texts it is judged too
     */
    record Series(String key, String label, Kind kind, boolean reachesDense, boolean inDomain) {}

    /** Unique in a run: {@code ours-0.5}, {@code dense-onednn-s8}. */
    String name() {
        return setting.isEmpty() ? series.key : series.key + "-" + setting;
    }
}
