/** JMH benchmarks and side-by-side runs against peers. */
module io.tokenwise.bench {
    requires ai.djl.api;
    requires ai.djl.pytorch_engine;
    requires ai.djl.tokenizers;
    requires com.google.protobuf;
    requires com.microsoft.onnxruntime;
    requires info.picocli;
    requires io.tokenwise.engine;
    requires io.tokenwise.kernels;
    requires io.tokenwise.natives;
    requires io.tokenwise.references;
    requires io.tokenwise.server;
    requires io.tokenwise.serving;
    requires io.tokenwise.testdata;
    requires io.tokenwise.testmodels;
    requires java.desktop;
    requires java.management;
    requires java.net.http;
    requires jdk.jfr;
    requires jdk.management;
    requires jmh.core;
    requires HdrHistogram;
    requires org.tribuo.util.onnx;
    requires tools.jackson.databind;

    exports io.tokenwise.bench;

    opens io.tokenwise.bench to
            info.picocli,
            tools.jackson.databind;
    opens io.tokenwise.bench.faults to
            info.picocli;
    opens io.tokenwise.bench.load to
            info.picocli,
            tools.jackson.databind;
    opens io.tokenwise.bench.scale to
            info.picocli,
            tools.jackson.databind;
    opens io.tokenwise.bench.soak to
            info.picocli,
            tools.jackson.databind;
}
