package io.tokenwise.bench.soak;

import io.tokenwise.Engine;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.bench.OwnEngine;
import io.tokenwise.bench.TemporaryFolder;
import io.tokenwise.bench.soak.Calling.Outcome;
import io.tokenwise.model.ModelFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Models that open and close while others are called: in the midst of their own calls, damaged, and while their cache is deleted. Thread-safe. */
final class Openings {
    private static final int SESSIONS = 2;
    private static final int MOST_THREADS = 3;
    private static final int CALLERS = 3;
    private static final int LONGEST_LIFE_MILLIS = 60;
    private static final Duration BETWEEN_DELETIONS = Duration.ofMillis(50);

    private final List<OwnEngine> engines;
    private final List<SoakModel> models;
    private final SoakInputs inputs;
    private final Calling calling;
    private final Tally tally;

    /** @param models in each of the engines */
    Openings(List<OwnEngine> engines, List<SoakModel> models, SoakInputs inputs, Calling calling, Tally tally) {
        this.engines = engines;
        this.models = models;
        this.inputs = inputs;
        this.calling = calling;
        this.tally = tally;
    }

    private EngineOptions options(OwnEngine engine, Random random) {
        return engine.options()
                .withThreads(1 + random.nextInt(MOST_THREADS))
                .withConcurrentCalls(SESSIONS)
                .withManagement(random.nextBoolean());
    }

    /** One model on an engine of its own, or two on one. */
    void openAndClose(Random random) throws IOException, InterruptedException {
        OwnEngine kind = engines.get(random.nextInt(engines.size()));
        SoakModel first = models.get(random.nextInt(models.size()));
        if (random.nextBoolean()) {
            Door door = first.kind().open(first.key(kind.name()), first.model(), options(kind, random), inputs);
            tally.count("opened");
            callAndClose(List.of(door), door::close, random);
            return;
        }
        SoakModel second = models.get(random.nextInt(models.size()));
        Engine engine = Engine.open(options(kind, random));
        try {
            var doors = new ArrayList<Door>();
            for (SoakModel model : List.of(first, second)) {
                doors.add(model.kind().open(model.key(kind.name()), engine, model.model(), inputs));
            }
            tally.count("opened");
            callAndClose(doors, engine::close, random);
        } finally {
            engine.close();
        }
    }

    private void callAndClose(List<Door> doors, Runnable close, Random random) throws InterruptedException {
        var callers = new ArrayList<Thread>();
        var faults = new Faults(true);
        try {
            for (Door door : doors) {
                calling.call(door, random, faults);
            }
            for (int i = 0; i < CALLERS; i++) {
                Door door = doors.get(i % doors.size());
                var seed = new Random(random.nextLong());
                Thread.Builder builder = i % 2 == 0 ? Thread.ofPlatform().daemon() : Thread.ofVirtual();
                callers.add(builder.name("soak-of-one-that-closes").start(() -> callUntilClosed(door, seed, faults)));
            }
            Thread.sleep(random.nextInt(LONGEST_LIFE_MILLIS));
        } finally {
            faults.close();
            close.run();
        }
        for (Thread caller : callers) {
            caller.join();
        }
    }

    private void callUntilClosed(Door door, Random random, Faults faults) {
        try {
            while (calling.call(door, random, faults) != Outcome.OVER) {
                Thread.onSpinWait();
            }
        } catch (InterruptedException | RuntimeException e) {
            tally.failed("a caller of one that closes", e);
        }
    }

    /** A folder of which a file is cut, absent or garbage: it must be refused, and everything given back. */
    void openDamaged(Random random) throws IOException {
        List<SoakModel> folders = models.stream()
                .filter(model -> Files.exists(Path.of(model.model()).resolve(ModelFolder.WEIGHTS)))
                .toList();
        SoakModel model = folders.get(random.nextInt(folders.size()));
        OwnEngine kind = engines.get(random.nextInt(engines.size()));
        try (TemporaryFolder copy = TemporaryFolder.create("tokenwise-soak-damaged-")) {
            String damage = damage(Path.of(model.model()), copy.path(), random);
            try {
                model.kind()
                        .open("damaged", copy.path().toString(), options(kind, random), inputs)
                        .close();
                tally.failed(
                        "damaged", new IllegalStateException(model.model() + ": " + damage + ", and it was opened"));
            } catch (BadFileException e) {
                tally.count("damaged and refused");
            }
        }
    }

    /** Copies a model's files, and damages one; returns what was done. */
    private static String damage(Path from, Path to, Random random) throws IOException {
        Path weights = to.resolve(ModelFolder.WEIGHTS);
        Path config = to.resolve(ModelFolder.CONFIG);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(from)) {
            for (Path file : files) {
                if (Files.isRegularFile(file)) {
                    Files.copy(file, to.resolve(file.getFileName().toString()));
                }
            }
        }
        switch (random.nextInt(4)) {
            case 0 -> {
                byte[] bytes = Files.readAllBytes(weights);
                Files.write(weights, Arrays.copyOf(bytes, random.nextInt(bytes.length)));
                return "weights are cut";
            }
            case 1 -> {
                byte[] bytes = Files.readAllBytes(weights);
                // The length of the header.
                bytes[5] = (byte) (1 + random.nextInt(127));
                Files.write(weights, bytes);
                return "the weights' header has a length of petabytes";
            }
            case 2 -> {
                byte[] bytes = Files.readAllBytes(config);
                Files.write(config, Arrays.copyOf(bytes, random.nextInt(bytes.length - 2)));
                return "the config is cut";
            }
            default -> {
                Files.delete(random.nextBoolean() ? weights : config);
                return "a file is absent";
            }
        }
    }

    /** Deletes the folder in which built-in weights lie unpacked, again and again while a model is opened from it. */
    void dropCache(Path cache, Random random) throws InterruptedException {
        var opening = Thread.ofPlatform().daemon().name("soak-opens-from-cache").start(() -> {
            try {
                SoakModel minilm = models.stream()
                        .filter(model -> model.model().equals("minilm"))
                        .findFirst()
                        .orElseThrow();
                OwnEngine kind = engines.get(random.nextInt(engines.size()));
                Door door = minilm.kind().open(minilm.key(kind.name()), minilm.model(), options(kind, random), inputs);
                callAndClose(List.of(door), door::close, random);
                tally.count("opened from a cache that is deleted");
            } catch (Throwable e) {
                tally.failed("a cache that is deleted", e);
            }
        });
        while (!opening.join(BETWEEN_DELETIONS)) {
            deleteAll(cache);
        }
    }

    /** As rm -r does it: what comes or goes meanwhile is left for the next time. */
    private static void deleteAll(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | UncheckedIOException _) {
            // Just being filled, or not there yet.
        }
    }
}
