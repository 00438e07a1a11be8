/** Tensors, backends, autograd, layers, ACMs, distillation, fine-tuning, models, files and sound. */
module io.tokenwise.engine {
    requires transitive tools.jackson.databind;
    requires com.google.protobuf;
    requires java.desktop;
    requires transitive io.tokenwise.kernels;
    requires io.tokenwise.natives;
    requires org.slf4j;
    requires org.tribuo.util.onnx;

    exports io.tokenwise;
    exports io.tokenwise.acm.block;
    exports io.tokenwise.acm.choose;
    exports io.tokenwise.acm.config;
    exports io.tokenwise.acm.leave;
    exports io.tokenwise.acm.make;
    exports io.tokenwise.api;
    exports io.tokenwise.audio;
    exports io.tokenwise.autograd;
    exports io.tokenwise.backend;
    exports io.tokenwise.backend.choice;
    exports io.tokenwise.backend.cpu;
    exports io.tokenwise.backend.cuda;
    exports io.tokenwise.backend.onednn;
    exports io.tokenwise.classify;
    exports io.tokenwise.cost;
    exports io.tokenwise.distill;
    exports io.tokenwise.finetune;
    exports io.tokenwise.image;
    exports io.tokenwise.io;
    exports io.tokenwise.model;
    exports io.tokenwise.nn;
    exports io.tokenwise.search;
    exports io.tokenwise.session;
    exports io.tokenwise.tensor;
    exports io.tokenwise.train;
}
