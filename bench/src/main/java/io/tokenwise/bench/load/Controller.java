package io.tokenwise.bench.load;

import java.util.Locale;

/** The ways of meeting a load, side by side. */
enum Controller {
    NONE("none", "full budget, everybody waits"),
    SHEDDING("shedding only", "full budget, refuses what would be late"),
    HALF("fixed at .5", "half of the time for everybody, refuses what would be late"),
    FEEDBACK("feedback only", "the budget follows the measured p99"),
    FEED_FORWARD("feed-forward only", "the budget follows the backlog"),
    BOTH("both", "backlog and p99: what serve does"),
    ORACLE("oracle", "the client knows the rate and names the budget that fits it");

    /** Of what the budget could use, the oracle leaves so much for chance. */
    private static final double ORACLE_LOAD = 0.9;

    private final String label;
    private final String what;

    Controller(String label, String what) {
        this.label = label;
        this.what = what;
    }

    String label() {
        return label;
    }

    /** One line for people. */
    String what() {
        return what;
    }

    /** What a request writes behind the model's name. */
    String budget(Load load, Arrival arrival) {
        if (arrival.pinned()) {
            return "1";
        }
        return switch (this) {
            case NONE, SHEDDING -> "1";
            case HALF -> "0.5";
            case FEEDBACK, FEED_FORWARD, BOTH -> "auto";
            case ORACLE ->
                String.format(
                        Locale.ROOT,
                        "%.4f",
                        Math.min(
                                1,
                                ORACLE_LOAD / load.phases().get(arrival.phase()).times()));
        };
    }
}
