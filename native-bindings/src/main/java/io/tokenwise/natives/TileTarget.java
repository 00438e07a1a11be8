package io.tokenwise.natives;

/** What becomes of sums: they overwrite C, are added to it, or become floats, plus a residual or without, or activations of floats. */
enum TileTarget {
    INTEGERS,
    ADDED_INTEGERS,
    FLOATS,
    FLOATS_PLUS_RESIDUAL,
    ACTIVATIONS
}
