package io.tokenwise.bench;

/** One who multiplies the same left-hand side by several weight matrices, on one thread. */
interface GemmContender extends AutoCloseable {
    /** All products, one after the other. */
    void run();

    /** An element of a product of the last run, row by row. */
    float result(int weight, int index);

    @Override
    void close();
}
