package io.tokenwise.acm.choose;

import java.util.List;

/**
 * Which budget to tell the gates so that they spend what was asked for, measured on held-out text.
 *
 * @param toTell the budget to tell, 0 to 1, by the share of the replaced layers' dense FLOPs that learners and gates then cost
 */
public record Calibration(Curve toTell) {
    /** Gates come on top of all learners, so a little more than 1 can be spent. */
    static final double MOST_SPENT = 2;

    /** Tells the gates exactly what was asked for. */
    public static final Calibration NONE = of(List.of(0.0, 1.0), List.of(0.0, 1.0));

    /**
     * @param told ascending, 0 to 1
     * @param spent ascending, what each of these costs
     */
    public static Calibration of(List<Double> told, List<Double> spent) {
        if (told.size() != spent.size() || told.size() < 2) {
            throw new IllegalArgumentException("calibration: " + told.size() + " budgets and " + spent.size()
                    + " spends; two or more of each are needed");
        }
        if (!(told.getFirst() >= 0 && told.getLast() <= 1 && spent.getFirst() >= 0 && spent.getLast() <= MOST_SPENT)) {
            throw new IllegalArgumentException("calibration: budgets must be 0 to 1 and spends 0 to " + MOST_SPENT);
        }
        for (int i = 1; i < told.size(); i++) {
            if (!(told.get(i) > told.get(i - 1)) || !(spent.get(i) >= spent.get(i - 1))) {
                throw new IllegalArgumentException("calibration: budgets and spends must ascend");
            }
        }
        return new Calibration(new Curve(spent, told));
    }

    /** What gates spend that are told the lowest budget; less cannot be had from them. */
    public double leastSpent() {
        return toTell.x().getFirst();
    }

    /** The budget to tell the gates for a wanted share; the nearest one known if it is out of reach. */
    public double toTell(double share) {
        return toTell.at(share);
    }
}
