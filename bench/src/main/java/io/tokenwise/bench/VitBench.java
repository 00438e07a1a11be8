package io.tokenwise.bench;

import io.tokenwise.Sessions;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.distill.Calibrator;
import io.tokenwise.io.ImageDescription;
import io.tokenwise.io.ImagePreparation;
import io.tokenwise.io.VitArchitecture;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.nn.Budget;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What budgets save of the time of a whole Vision Transformer: ViT-B/16 with random weights, whose gates are random too and calibrated, on random
 * images, one a call, on one thread.
 */
final class VitBench {
    private static final VitArchitecture BASE = new VitArchitecture(768, 12, 12, 3072, 224, 16, 1000, 1e-6);
    private static final int LEARNERS = 4;
    private static final double[] BUDGETS = {0.25, 0.5, 0.75, 1};
    private static final int IMAGES = 8;
    private static final Interleaved TIMES = new Interleaved(15, 3_000_000_000L, 1);

    private VitBench() {}

    static void run(OwnEngine engine, PrintWriter out) {
        List<int[]> images = images();
        try (Backend backend = engine.open(1);
                Encoder dense = random(backend);
                Encoder adaptive = adaptive(backend, images);
                var denseSessions = new Sessions(dense, backend, 1, 1);
                var sessions = new Sessions(adaptive, backend, 1, 1)) {
            Calibrator.calibrate(adaptive.acms(), sessions, images, adaptive.description());
            var next = new int[1];
            var work = new ArrayList<Runnable>();
            work.add(() -> denseSessions.encode(image(images, next), Budget.FULL, null));
            for (double budget : BUDGETS) {
                work.add(() -> sessions.encode(image(images, next), Budget.flops(budget), null));
            }
            double[] seconds = TIMES.medians(work);
            out.printf("ViT-B/16, %s, one image a call, one thread, medians of %d%n", engine.name(), TIMES.rounds());
            out.printf("%8s %8s %8s %8s%n", "budget", "spent", "ms", "x dense");
            out.printf("%8s %8s %8.1f %8.2f%n", "dense", "", 1e3 * seconds[0], 1.0);
            for (int i = 0; i < BUDGETS.length; i++) {
                var spending = new Spending(adaptive.acms());
                sessions.encode(images, Budget.flops(BUDGETS[i]), spending);
                out.printf(
                        "%8.2f %8.3f %8.1f %8.2f%n",
                        BUDGETS[i], spending.share(), 1e3 * seconds[i + 1], seconds[0] / seconds[i + 1]);
            }
        }
    }

    private static List<int[]> image(List<int[]> images, int[] next) {
        return List.of(images.get(next[0]++ % images.size()));
    }

    private static List<int[]> images() {
        var random = new SplittableRandom(4);
        int pixels = BASE.imageSize() * BASE.imageSize();
        return IntStream.range(0, IMAGES)
                .mapToObj(i -> random.ints(pixels, 0, 1 << 24).toArray())
                .toList();
    }

    private static Encoder random(Backend backend) {
        List<String> labels =
                IntStream.range(0, BASE.classes()).mapToObj(Integer::toString).toList();
        var description = new ImageDescription(
                "vit-b", BASE, ImagePreparation.stretched(BASE.imageSize()), labels, Optional.empty());
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

    private static Encoder adaptive(Backend backend, List<int[]> images) {
        Encoder encoder = random(backend);
        AdaptiveLayers layers = AdaptiveLayers.parse("mlp,qk,vo", LEARNERS).withMlpLearners(1);
        try (var sessions = new Sessions(encoder, backend, 1, 1)) {
            Acmizer.replace(
                    encoder.parameters(), encoder.slots(), layers, () -> sessions.encode(images, Budget.FULL, null));
        }
        var random = new SplittableRandom(2);
        for (Acm acm : encoder.acms()) {
            // The first is what the gate sees of the token; what it knows of the budget stays as it starts.
            randomize(acm.gateParameters().getFirst(), 0, 0.05, random);
        }
        encoder.prepare(backend.stream());
        return encoder;
    }

    private static void randomize(Parameter parameter, double mean, double deviation, SplittableRandom random) {
        for (int i = 0; i < parameter.value().size(); i++) {
            parameter.value().floats().set(i, (float) (mean + deviation * random.nextGaussian()));
        }
        parameter.changed();
    }
}
