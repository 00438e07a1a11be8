/** Families of models in libtorch and in ONNX Runtime, for tests and benchmarks. */
module io.tokenwise.references {
    requires ai.djl.api;
    requires ai.djl.pytorch_engine;
    requires com.google.protobuf;
    requires com.microsoft.onnxruntime;
    requires org.tribuo.util.onnx;
    requires tools.jackson.databind;

    exports io.tokenwise.references;
}
