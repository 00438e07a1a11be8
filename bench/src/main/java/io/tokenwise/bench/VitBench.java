package io.tokenwise.bench;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.distill.Calibrator;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.model.open.Models;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What budgets save of the time of a whole Vision Transformer: ViT-B/16 with random weights, whose gates are random too and calibrated, on random
 * images, one a call, on one thread: with learners, and with patches that leave and layers that get narrow.
 */
final class VitBench {
    static final VitArchitecture BASE = new VitArchitecture(768, 12, 12, 3072, 224, 16, 1000, 1e-6);
    private static final int LEARNERS = 4;
    private static final double[] BUDGETS = {0.25, 0.5, 0.75, 1};
    private static final int IMAGES = 8;
    private static final Interleaved TIMES = new Interleaved(15, 3_000_000_000L, 1);

    private VitBench() {}

    static void run(OwnEngine engine, PrintWriter out) throws IOException {
        List<int[]> images = images(BASE);
        try (Backend backend = engine.open(1);
                Encoder dense = random(BASE, backend);
                Encoder learners = learners(backend, images);
                Encoder leaving = leaving(backend, dense, images);
                var denseSessions = new Sessions(dense, backend, 1, 1);
                var learnerSessions = new Sessions(learners, backend, 1, 1);
                var leavingSessions = new Sessions(leaving, backend, 1, 1)) {
            Calibrator.calibrate(
                    learners.acms(), learnerSessions, images, learners.description(), new DistillRun.Listener() {});
            var next = new int[1];
            var work = new ArrayList<Runnable>();
            work.add(() -> denseSessions.encode(image(images, next), Budget.FULL, null));
            for (double budget : BUDGETS) {
                work.add(() -> learnerSessions.encode(image(images, next), learners.budget(budget), null));
                work.add(() -> leavingSessions.encode(image(images, next), leaving.budget(budget), null));
            }
            double[] seconds = TIMES.medians(work);
            out.printf("ViT-B/16, %s, one image a call, one thread, medians of %d%n", engine.name(), TIMES.rounds());
            out.printf("dense: %.1f ms%n%n", 1e3 * seconds[0]);
            out.printf("%8s %22s %22s%n", "budget", "learners, FLOPs", "patches leave, time");
            out.printf("%8s %11s %10s %11s %10s%n", "", "ms", "x dense", "ms", "x dense");
            for (int i = 0; i < BUDGETS.length; i++) {
                double ofLearners = seconds[2 * i + 1];
                double ofLeaving = seconds[2 * i + 2];
                out.printf(
                        "%8.2f %11.1f %10.2f %11.1f %10.2f%n",
                        BUDGETS[i], 1e3 * ofLearners, seconds[0] / ofLearners, 1e3 * ofLeaving, seconds[0] / ofLeaving);
            }
        }
    }

    private static List<int[]> image(List<int[]> images, int[] next) {
        return List.of(images.get(next[0]++ % images.size()));
    }

    static List<int[]> images(VitArchitecture sizes) {
        var random = new SplittableRandom(4);
        int pixels = sizes.imageSize() * sizes.imageSize();
        return IntStream.range(0, IMAGES)
                .mapToObj(i -> random.ints(pixels, 0, 1 << 24).toArray())
                .toList();
    }

    static Encoder random(VitArchitecture sizes, Backend backend) {
        List<String> labels =
                IntStream.range(0, sizes.classes()).mapToObj(Integer::toString).toList();
        var description = new ImageDescription(
                "vit-b", VitFamily.VIT, sizes, ImagePreparation.stretched(sizes.imageSize()), labels, Optional.empty());
        Encoder encoder = NewEncoder.untrained(description, backend);
        var random = new SplittableRandom(1);
        for (Parameter parameter : encoder.parameters().all()) {
            boolean gain =
                    parameter.name().contains("layernorm") && parameter.name().endsWith("weight");
            randomize(parameter, gain ? 1 : 0, 1 / Math.sqrt(parameter.value().rows() + 100.0), random);
        }
        encoder.prepare(backend.stream());
        return encoder;
    }

    private static Encoder learners(Backend backend, List<int[]> images) {
        Encoder encoder = random(BASE, backend);
        AdaptiveLayers layers = AdaptiveLayers.parse("mlp,qk,vo", LEARNERS).withMlpLearners(1);
        Acmizer.replace(encoder.parameters(), encoder.slots(), layers, () -> encodeWhole(encoder, backend, images));
        randomizeGates(encoder);
        encoder.prepare(backend.stream());
        return encoder;
    }

    static void randomizeGates(Encoder encoder) {
        var random = new SplittableRandom(2);
        for (Acm acm : encoder.acms()) {
            // The first is what the gate sees of the token; what it knows of the budget stays as it starts.
            randomize(acm.gateParameters().getFirst(), 0, 0.05, random);
        }
    }

    /** Layers become narrow and patches leave as a budget says; which patches is random. */
    static Encoder leaving(Backend backend, Encoder dense, List<int[]> images) throws IOException {
        try (var folder = TemporaryFolder.create("tokenwise-vit-")) {
            Path stored = folder.path().resolve("dense");
            dense.save(stored, null, ModelWriter.Existing.KEEP);
            try (ModelFiles files = Models.open(stored)) {
                return NewEncoder.withShortPath(
                        files, backend, encoder -> encodeWhole(encoder, backend, images), new SplittableRandom(3));
            }
        }
    }

    static void encodeWhole(Encoder encoder, Backend backend, List<int[]> inputs) {
        try (var sessions = new Sessions(encoder, backend, 1, 1)) {
            sessions.encode(inputs, Budget.FULL, null);
        }
    }

    private static void randomize(Parameter parameter, double mean, double deviation, SplittableRandom random) {
        try (HostTensor values = parameter.write()) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) (mean + deviation * random.nextGaussian()));
            }
        }
        parameter.changed();
    }
}
