package io.tokenwise.bench.soak;

import io.tokenwise.Engine;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.bench.OwnEngine;
import io.tokenwise.bench.load.BadClient;
import io.tokenwise.bench.load.EmbeddingCall;
import io.tokenwise.bench.soak.Calling.Outcome;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;

/** The real house: an engine for each backend and precision with all models, a server, and who disturbs them. */
final class SoakHouse implements AutoCloseable {
    private static final int THREADS = 2;

    /** Fewer sessions than callers, so that most wait, and few enough that each soon has its full size. */
    private static final int SESSIONS = 2;

    private final List<OwnEngine> kinds;
    private final List<SoakModel> builtIn;
    private final Path folder;
    private final Path cache;
    private final List<SoakModel> models = new ArrayList<>();
    private final SoakInputs inputs;
    private final List<Engine> engines = new ArrayList<>();
    private ServerDoors server;

    /**
     * Writes small models and opens nothing yet.
     *
     * @param builtIn models beside the small ones; if there are none it is a quick look, at short inputs
     * @param folder of small models
     * @param cache of weights that are unpacked
     */
    SoakHouse(List<OwnEngine> kinds, List<SoakModel> builtIn, Path folder, Path cache) throws IOException {
        this.kinds = kinds;
        this.builtIn = builtIn;
        this.folder = folder;
        this.cache = cache;
        models.addAll(builtIn);
        models.addAll(SoakModel.writeSmall(folder));
        List<String> examples = WordNet.load().examples();
        inputs = builtIn.isEmpty() ? SoakInputs.few(examples) : SoakInputs.of(examples);
    }

    private String small(String name) {
        return folder.resolve(name).toString();
    }

    /** A server of small models that starts, is asked and stops. What the JDK makes once for all is there after it. */
    void serveForAMoment(Calling calling, Random random) throws IOException, InterruptedException {
        ServerDoors moment = ServerDoors.start(BackendChoice.FLOAT32, List.of(small("wav2vec2")));
        var faults = new Faults(false);
        Thread caller;
        try {
            Door speech = moment.speech("wav2vec2", "moment");
            calling.call(speech, random, faults);
            caller = Thread.ofVirtual().name("soak-of-a-moment").start(() -> {
                try {
                    while (calling.call(speech, random, faults) != Outcome.OVER) {
                        Thread.onSpinWait();
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            Thread.sleep(random.nextInt(50));
        } finally {
            faults.close();
            moment.close();
        }
        caller.join();
    }

    House open(Calling calling, Tally tally) throws IOException {
        try {
            var groups = new LinkedHashMap<String, List<Door>>();
            for (OwnEngine kind : kinds) {
                groups.put(kind.name(), open(kind));
            }
            groups.put("server", serve());
            var opening = new Openings(kinds, models, inputs, calling, tally);
            var openings = new LinkedHashMap<String, House.Disturber>();
            openings.put("opens", opening::openAndClose);
            openings.put("opens-damaged", opening::openDamaged);
            if (!builtIn.isEmpty()) {
                openings.put("drops-cache", random -> opening.dropCache(cache, random));
            }
            openings.put("serves", random -> {
                serveForAMoment(calling, random);
                tally.count("servers");
            });
            var disturbers = new LinkedHashMap<String, House.Disturber>();
            for (BadClient client : BadClient.values()) {
                disturbers.put("bad-client-" + client, random -> misbehave(client, random, tally));
            }
            return new House(groups, openings, disturbers, this::workspaceBytes, this);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private List<Door> open(OwnEngine kind) throws IOException {
        Engine engine = Engine.open(kind.options()
                .withThreads(THREADS)
                .withConcurrentCalls(SESSIONS)
                .withManagement(true));
        engines.add(engine);
        var doors = new ArrayList<Door>();
        for (SoakModel model : models) {
            doors.add(model.kind().open(model.key(kind.name()), engine, model.model(), inputs));
        }
        return doors;
    }

    /** In the last of the engines, so that vectors over HTTP must be those of the library. */
    private List<Door> serve() throws IOException {
        OwnEngine kind = kinds.getLast();
        // Each takes some seconds to get warm.
        List<String> served = builtIn.isEmpty()
                ? List.of(small("learners"))
                : List.of(small("learners"), small("moonshine"), small("wav2vec2"), "minilm-acm", "vit-cifar10-acm");
        server = ServerDoors.start(kind.options().backend(), served);
        var doors = new ArrayList<Door>();
        doors.add(server.vectors(vectors(small("learners"), kind), "learners", Budget.flops(.5), inputs));
        if (!builtIn.isEmpty()) {
            doors.add(server.speech("moonshine", "server"));
            doors.add(server.speech("wav2vec2", "server"));
            doors.add(server.vectors(vectors("minilm-acm", kind), "minilm-acm", Budget.of(.5), inputs));
            doors.add(server.images("vit-cifar10-acm", inputs));
        }
        return doors;
    }

    private static String vectors(String model, OwnEngine kind) {
        return new SoakModel(Kind.VECTORS, model).key(kind.name());
    }

    private void misbehave(BadClient client, Random random, Tally tally) throws InterruptedException {
        byte[] request = EmbeddingCall.request("learners@0.5", List.of("who", "vanishes"), 0);
        try {
            client.call(server.port(), request, random);
        } catch (IOException e) {
            // The server has thrown it out, which is its right.
            tally.count("bad clients thrown out");
        }
        tally.count("bad clients");
    }

    private long workspaceBytes() {
        return engines.stream()
                .mapToLong(engine -> engine.state().getWorkspaceBytes())
                .sum();
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
        engines.forEach(Engine::close);
    }
}
