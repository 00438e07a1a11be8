package io.tokenwise.bench.load;

/** TEMPORARY. */
final class ServedModel {
    private ServedModel() {}
}
