package io.tokenwise.natives;

import io.tokenwise.natives.GeneralAssembler.Address;
import io.tokenwise.natives.GeneralAssembler.Register;

/** What a function of {@link TileProducts} reads, 64 bits each, in memory whose address is in RDI. */
enum TileField {
    A,
    A_STRIDE_BYTES,
    PACKED,
    /** Eights of inputs. */
    STEPS,
    C,
    C_STRIDE_BYTES,
    ROWS,
    PANELS,
    PANEL_BYTES,
    /** How far each step goes through the next panel: {@link TileCode#prefetchedBytes}. */
    PREFETCHED_BYTES,
    /** {@link TileCode#ROW_BYTES} for each row: an int that its sums are less in pairs, and the floats of its step and its least value. */
    ROW_TERMS,
    /** A {@link TileTarget}. */
    TARGET,
    /** Of the panel's first column. */
    BIAS,
    /** Bytes from C to a matrix with its rows. */
    RESIDUAL_DISTANCE,
    /** Whole vectors of a row of A, and the mask of what is left, a bit for four bytes. */
    ROW_VECTORS,
    ROW_REST,
    /** An {@link ActivationTable}. */
    TABLE,
    /** Bytes from the panel of units to that of their gates, and from the bias of one to that of the other. */
    GATES_DISTANCE,
    GATES_BIAS_DISTANCE;

    static final int BYTES = values().length * Long.BYTES;

    int offset() {
        return ordinal() * Long.BYTES;
    }

    Address at() {
        return Address.of(Register.RDI, offset());
    }
}
