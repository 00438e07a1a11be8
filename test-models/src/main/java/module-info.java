/** Small models with random weights, for tests and for trainings that the bench kills; and examples of pages. */
module io.tokenwise.testmodels {
    requires io.tokenwise.engine;
    requires io.tokenwise.kernels;
    requires java.compiler;
    requires tools.jackson.databind;

    exports io.tokenwise.testmodels;
}
