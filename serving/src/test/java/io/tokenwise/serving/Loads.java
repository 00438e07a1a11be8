package io.tokenwise.serving;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/** Loads over twenty seconds, as shares of what can be done at full budget, and controllers that meet them. */
final class Loads {
    static final DoubleUnaryOperator STEP = second -> second >= 5 && second < 12 ? 1.3 : 0.6;
    static final DoubleUnaryOperator BURST = second -> second >= 8 && second < 10 ? 3 : 0.6;

    private Loads() {}

    static Map<String, Control> controls() {
        Control auto = Control.auto(Simulation.TARGET, Simulation.LEAST_SHARE);
        Map<String, Control> controls = new LinkedHashMap<>();
        controls.put("none", Control.off());
        controls.put("shedding only", auto.with(false, false, true));
        controls.put("feedback only", auto.with(false, true, true));
        controls.put("feed-forward only", auto.with(true, false, true));
        controls.put("both", auto);
        return controls;
    }
}
