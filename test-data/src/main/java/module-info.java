/** The real models and texts that tests, benchmarks and the demo use. */
module io.tokenwise.testdata {
    requires org.apache.commons.csv;

    exports io.tokenwise.testdata;
}
