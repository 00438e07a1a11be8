package io.tokenwise.fuzz;

/** What the readers' code says of the inputs that it was given. */
public interface Feedback {
    /** Whether a branch was taken since the last call that none before it had taken. */
    boolean news();

    /** Begins anew, as for another target. */
    void forget();

    /** What was taken since then, of the classes that were entered. */
    Counts counts();

    /** Branches and lines, and how many of each those classes have. */
    record Counts(int branches, int ofBranches, int lines, int ofLines) {}
}
