/** Small models with random weights, for tests and for trainings that the bench kills. */
module io.tokenwise.testmodels {
    requires io.tokenwise.engine;
    requires io.tokenwise.kernels;

    exports io.tokenwise.testmodels;
}
