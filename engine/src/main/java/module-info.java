/** Tensors, backends, autograd, layers, ACMs, distillation, models and files. */
module io.tokenwise.engine {
    requires transitive tools.jackson.databind;
    requires ai.djl.tokenizers;
    requires com.google.protobuf;
    requires io.tokenwise.kernels;
    requires org.slf4j;
    requires org.tribuo.util.onnx;

    exports io.tokenwise.io;
}
