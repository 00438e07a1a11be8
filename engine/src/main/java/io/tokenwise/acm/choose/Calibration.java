package io.tokenwise.acm.choose;

import java.util.Arrays;

/**
 * Which budget to tell the gates so that they spend what was asked for: measured pairs of told budget and spent share on
 * held-out text, interpolated linearly.
 *
 * @param told ascending, 0 to 1
 * @param spent ascending, the share of the replaced layers' dense FLOPs that learners and gates cost
 */
public record Calibration(double[] told, double[] spent) {
    /** Gates come on top of all learners, so a little more than 1 can be spent. */
    static final double MOST_SPENT = 2;

    /** Tells the gates exactly what was asked for. */
    public static final Calibration NONE = new Calibration(new double[] {0, 1}, new double[] {0, 1});

    public Calibration {
        if (told.length != spent.length || told.length < 2) {
            throw new IllegalArgumentException("calibration: " + told.length + " budgets and " + spent.length
                    + " spends; two or more of each are needed");
        }
        told = told.clone();
        spent = spent.clone();
        int last = told.length - 1;
        if (!(told[0] >= 0 && told[last] <= 1 && spent[0] >= 0 && spent[last] <= MOST_SPENT)) {
            throw new IllegalArgumentException("calibration: budgets must be 0 to 1 and spends 0 to " + MOST_SPENT);
        }
        for (int i = 1; i < told.length; i++) {
            if (!(told[i] > told[i - 1]) || !(spent[i] >= spent[i - 1])) {
                throw new IllegalArgumentException("calibration: budgets and spends must ascend");
            }
        }
    }

    /** What gates spend that are told the lowest budget; less cannot be had from them. */
    public double leastSpent() {
        return spent[0];
    }

    /** The budget to tell the gates for a wanted share; the nearest one known if it is out of reach. */
    public double toTell(double share) {
        int last = spent.length - 1;
        if (share <= spent[0]) {
            return told[0];
        }
        for (int i = 1; i <= last; i++) {
            if (share <= spent[i]) {
                double t = (share - spent[i - 1]) / (spent[i] - spent[i - 1]);
                return told[i - 1] + t * (told[i] - told[i - 1]);
            }
        }
        return told[last];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Calibration c && Arrays.equals(told, c.told) && Arrays.equals(spent, c.spent);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(told) + Arrays.hashCode(spent);
    }
}
