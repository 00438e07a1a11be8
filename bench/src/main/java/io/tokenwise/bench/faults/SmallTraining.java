package io.tokenwise.bench.faults;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.bench.TextFiles;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.finetune.FineTuneConfig;
import io.tokenwise.finetune.FineTuneRun;
import io.tokenwise.finetune.Labels;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.testmodels.SmallMoonshine;
import io.tokenwise.testmodels.SmallWav2Vec2;
import io.tokenwise.train.CtcTrainingRun;
import io.tokenwise.train.TrainingListener;
import io.tokenwise.train.VitTrainingRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A training of each kind with a model so small that one takes a second or two. All random numbers are the same in every process. */
enum SmallTraining {
    TEXTS("distillation of a text encoder, learners"),
    TOKENS("distillation of a text encoder, tokens that leave"),
    VIT("training of a Vision Transformer"),
    IMAGES("distillation of a Vision Transformer"),
    CTC("training of a wav2vec 2.0 with CTC"),
    WAV2VEC2("distillation of a wav2vec 2.0"),
    MOONSHINE("distillation of a Moonshine"),
    CLASSES("fine-tuning on classes"),
    PAIRS("fine-tuning on pairs");

    private static final int CHECKPOINT_STEPS = 2;
    private static final int DISTILLATION_STEPS = 8;
    private static final int TOKENS_PER_STEP = 24;
    private static final int HIDDEN = 24;
    private static final AdaptiveLayers LEARNERS =
            AdaptiveLayers.parse("mlp,qo,kv", 3).withMlpLearners(1);

    private final String what;

    SmallTraining(String what) {
        this.what = what;
    }

    /** What it is called on the command line. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    String what() {
        return what;
    }

    /** Writes the model that is trained on or imitated, if there is one. */
    void writeModel(Path folder) throws IOException, InterruptedException {
        switch (this) {
            case VIT, CTC -> {}
            case IMAGES -> {
                try (Backend backend = VectorBackend.open(1)) {
                    vit(folder).run(backend, new TrainingListener() {});
                }
            }
            case WAV2VEC2 -> SmallWav2Vec2.write(folder, 3);
            case MOONSHINE -> SmallMoonshine.write(folder);
            case TEXTS, TOKENS, CLASSES, PAIRS -> {
                var sizes = new HashMap<String, Object>(Map.of("hidden_size", HIDDEN, "intermediate_size", 2 * HIDDEN));
                sizes.putAll(Map.of("num_hidden_layers", 1, "max_position_embeddings", 16));
                RandomModel.small("bert", sizes, 5).write(folder, "");
                TextFiles.write(folder, HIDDEN);
            }
        }
    }

    /** Runs to the end, or goes on from where it was killed. */
    void run(Path model, Path out) throws IOException, InterruptedException {
        try (Backend backend = VectorBackend.open(1)) {
            switch (this) {
                case VIT -> vit(out).run(backend, new TrainingListener() {});
                case CTC ->
                    new CtcTrainingRun(Examples.tones(), Examples.CTC, out, CHECKPOINT_STEPS, StoredType.F32)
                            .run(backend, new TrainingListener() {});
                default -> {
                    try (ModelFiles files = Models.open(model)) {
                        run(files, out, backend);
                    }
                }
            }
        }
    }

    private void run(ModelFiles files, Path out, Backend backend) throws IOException, InterruptedException {
        switch (this) {
            case CLASSES -> tune(files, Examples.classes(), out, backend);
            case PAIRS -> tune(files, Examples.pairs(), out, backend);
            case TEXTS -> distill(files, Examples.texts(), LEARNERS, out, backend);
            case TOKENS -> distill(files, Examples.texts(), AdaptiveLayers.LEAVING, out, backend);
            case IMAGES -> distill(files, Examples.images().pixels(), LEARNERS, out, backend);
            case WAV2VEC2 -> distill(files, Examples.sounds(), AdaptiveLayers.mlps(3), out, backend);
            case MOONSHINE -> distill(files, Examples.sounds(), AdaptiveLayers.parse("mlp,qk,vo", 4), out, backend);
            case VIT, CTC -> throw new IllegalStateException(this + " has no model");
        }
    }

    private static VitTrainingRun vit(Path out) {
        return new VitTrainingRun(
                Examples.image(), Examples.images(), Examples.VIT, out, CHECKPOINT_STEPS, StoredType.F32);
    }

    private static void tune(ModelFiles files, Labels labels, Path out, Backend backend)
            throws IOException, InterruptedException {
        var config = new FineTuneConfig(1, TOKENS_PER_STEP, 3e-3, 1);
        new FineTuneRun(files, labels, config, out, CHECKPOINT_STEPS).run(backend, new TrainingListener() {});
    }

    private static void distill(ModelFiles files, List<int[]> inputs, AdaptiveLayers layers, Path out, Backend backend)
            throws IOException, InterruptedException {
        int quarter = DISTILLATION_STEPS / 4;
        DistillConfig config = new DistillConfig(
                        layers,
                        quarter,
                        quarter,
                        DISTILLATION_STEPS - 2 * quarter,
                        TOKENS_PER_STEP,
                        1e-3,
                        1e-2,
                        .8,
                        1,
                        1,
                        .25,
                        2,
                        true,
                        Map.of(),
                        1)
                .withLayers(layers);
        new DistillRun(files, inputs, config, out, ModelWriter.Existing.KEEP, CHECKPOINT_STEPS, StoredType.F32)
                .run(backend, new DistillRun.Listener() {});
    }
}
