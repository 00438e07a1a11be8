package io.tokenwise.acm.leave;

/** A hard budget does not reach for the least that an input of its length can cost. */
public final class BudgetReachException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    BudgetReachException(String message) {
        super(message);
    }

    /** The same where it is told which input it is, such as "text 2 of 3". */
    public BudgetReachException of(String input) {
        return new BudgetReachException(input + ": " + getMessage());
    }
}
