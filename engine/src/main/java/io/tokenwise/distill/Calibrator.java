package io.tokenwise.distill;

import io.tokenwise.Sessions;
import io.tokenwise.acm.Acm;
import io.tokenwise.acm.Acmizer;
import io.tokenwise.acm.Calibration;
import io.tokenwise.acm.Spending;
import io.tokenwise.nn.Budget;
import java.util.List;

/** Measures what gates spend when they are told a budget, so that a request can be translated into what to tell them. */
public final class Calibrator {
    private static final int POINTS = 20;

    private Calibrator() {}

    /** The calibration of the modules on held-out token sequences; leaves them uncalibrated. */
    public static Calibration calibrate(List<Acm> modules, Sessions sessions, List<int[]> texts) {
        Acmizer.calibrate(modules, Calibration.NONE);
        var told = new double[POINTS];
        var spent = new double[POINTS];
        for (int i = 0; i < POINTS; i++) {
            told[i] = (double) (i + 1) / POINTS;
            // Just under 1, where the gates are still asked.
            Budget budget = Budget.of(Math.min(told[i], Math.nextDown(1.0)));
            var spending = new Spending(modules);
            sessions.encode(texts, budget, spending);
            spent[i] = i == 0 ? spending.share() : Math.max(spent[i - 1], spending.share());
        }
        return new Calibration(told, spent);
    }
}
