/** Tensors, backends, autograd, layers, ACMs, distillation, fine-tuning, models, files and sound. */
module io.tokenwise.engine {
    requires com.google.protobuf;
    requires io.tokenwise.kernels;
    requires io.tokenwise.natives;
    requires java.desktop;
    requires java.management;
    requires jdk.jfr;
    requires org.slf4j;
    requires org.tribuo.util.onnx;
    requires tools.jackson.databind;

    exports io.tokenwise;
    exports io.tokenwise.api;
    exports io.tokenwise.audio;
    exports io.tokenwise.image;
    exports io.tokenwise.acm.block to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.acm.choose to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving;
    exports io.tokenwise.acm.config to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.acm.leave to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving;
    exports io.tokenwise.acm.make to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.autograd to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.backend to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving;
    exports io.tokenwise.backend.cpu to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.backend.cuda to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.backend.onednn to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.choice to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.classify to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.cost to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.distill to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.finetune to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.io to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving,
            io.tokenwise.testmodels;
    exports io.tokenwise.model to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving,
            io.tokenwise.testmodels;
    exports io.tokenwise.model.bert to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.testmodels;
    exports io.tokenwise.model.moonshine to
            io.tokenwise.bench,
            io.tokenwise.testmodels;
    exports io.tokenwise.model.open to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.testmodels;
    exports io.tokenwise.model.vit to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.model.wav2vec2 to
            io.tokenwise.testmodels;
    exports io.tokenwise.nn to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving;
    exports io.tokenwise.op to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.search to
            io.tokenwise.bench,
            io.tokenwise.cli;
    exports io.tokenwise.session to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving;
    exports io.tokenwise.tensor to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving;
    exports io.tokenwise.tokenizer to
            io.tokenwise.bench,
            io.tokenwise.cli,
            io.tokenwise.server,
            io.tokenwise.serving,
            io.tokenwise.testmodels;
    exports io.tokenwise.train to
            io.tokenwise.bench,
            io.tokenwise.cli;
}
