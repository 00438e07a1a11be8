/** Numeric kernels over native memory: SIMD through the Vector API, each with a scalar twin. Numbers in, numbers out. */
module io.tokenwise.kernels {
    requires static jdk.incubator.vector;

    exports io.tokenwise.kernels to
            io.tokenwise.bench,
            io.tokenwise.engine,
            io.tokenwise.testmodels;
}
