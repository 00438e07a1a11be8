package io.tokenwise.backend.onednn;

/** What is done with a block of rows, one step after the other: each needs all of the one before, of all rows and columns. */
enum Step {
    /** Rows of x in the narrow type. */
    NARROW,
    /** Sums of a product, or of slices of outputs. */
    MULTIPLY_OUTPUTS,
    /** Of an MLP: units of sums, in the narrow type. */
    ACTIVATE,
    /** Sums of slices of inputs. */
    MULTIPLY_INPUTS,
    /** Rows of y from sums. */
    WIDEN;

    /** Whether it goes by rows; else by columns. */
    boolean goesByRows() {
        return this != MULTIPLY_OUTPUTS && this != MULTIPLY_INPUTS;
    }
}
