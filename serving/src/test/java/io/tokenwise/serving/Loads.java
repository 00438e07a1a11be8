package io.tokenwise.serving;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/** Loads over twenty seconds, as shares of what can be done at full budget, and controllers that meet them. */
final class Loads {
    static final DoubleUnaryOperator STEP = second -> second >= 5 && second < 12 ? 1.3 : 0.6;
    static final DoubleUnaryOperator BURST = second -> second >= 8 && second < 10 ? 3 : 0.6;

    /** The whole controller. */
    static final Control AUTO = Control.auto(Simulation.TARGET, Simulation.LEAST_SHARE);

    private Loads() {}

    static Map<String, Control> controls() {
        Map<String, Control> controls = new LinkedHashMap<>();
        controls.put("none", Control.off());
        controls.put("shedding only", AUTO.with(false, false, true));
        controls.put("feedback only", AUTO.with(false, true, true));
        controls.put("feed-forward only", AUTO.with(true, false, true));
        controls.put("both", AUTO);
        return controls;
    }
}
