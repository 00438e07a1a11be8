package io.tokenwise.bench;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Mixed calls for a long time, to see whether memory stays flat and results stay the same: dense and adaptive, every engine that is wanted,
 * single texts and lists of 2 to 256 tokens, changing budgets, several callers on one encoder at a time, and other encoders that open and
 * close meanwhile. Pauses keep it at a share of one core.
 */
public final class Soak implements AutoCloseable {
    /** Of one core, once all is open and warm. */
    private static final double CPU_SHARE = 0.25;

    private static final int CALLERS = 4;

    /** Fewer sessions than callers, so that some wait, and few enough that one pass over all texts brings each to its full size. */
    private static final int SESSIONS = 2;

    /** So many calls go to one encoder before all callers turn to the next. */
    private static final int CALLS_IN_TURN = 64;

    private static final int CALLS_BETWEEN_OPENINGS = 500;

    private static final int LINES = 30;
    private static final int LEARNERS = 4;

    private static final List<Budget> BUDGETS = List.of(
            Budget.FULL, Budget.flops(0.75), Budget.flops(0.5), Budget.flops(0.25), Budget.flops(0), Budget.fixed(0.5));

    private final List<OwnEngine> engines;
    private final List<String> models;
    private final PrintWriter out;
    private final List<String> texts;
    private final List<TextEncoder> encoders = new ArrayList<>();

    /** The first vector of each encoder, budget and text; all later ones must have the same bits. */
    private final Map<String, float[]> expected = new ConcurrentHashMap<>();

    private final AtomicLong calls = new AtomicLong();
    private final AtomicLong opened = new AtomicLong();
    private volatile boolean stopping;
    private volatile boolean paced;
    private volatile long startNanos;
    private volatile long startCpuNanos;

    /**
     * @param engines in which each model is opened
     * @param models built-in names or directories
     */
    Soak(List<OwnEngine> engines, List<String> models, PrintWriter out) throws IOException {
        this.engines = engines;
        this.models = models;
        this.out = out;
        try {
            for (String model : models) {
                for (OwnEngine engine : engines) {
                    encoders.add(open(model, engine, 2));
                }
            }
            texts = texts(encoders.getFirst());
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Saves MiniLM with learners of its own units and gates that know nothing, for where no trained model is. */
    static void saveUntrained(Path directory) throws IOException {
        try (TextEncoder minilm =
                TextEncoder.open("minilm", EngineOptions.defaults().withBackend(BackendChoice.FLOAT32))) {
            Encoder encoder = minilm.model().encoder();
            List<int[]> sample = Scenario.sample(minilm.model().files().tokenizer());
            Acmizer.replace(
                    encoder.parameters(),
                    encoder.slots(),
                    AdaptiveLayers.mlps(LEARNERS),
                    () -> minilm.model().sessions().encode(sample, Budget.FULL, null));
            encoder.save(directory, minilm.model().files().tokenizer(), ModelWriter.Existing.REPLACE);
        }
    }

    private static TextEncoder open(String model, OwnEngine engine, int threads) throws IOException {
        return TextEncoder.open(
                model,
                EngineOptions.defaults()
                        .withThreads(threads)
                        .withConcurrentCalls(SESSIONS)
                        .withBackend(new BackendChoice(engine.kind(), engine.precision())));
    }

    /** One text of each of many lengths from the shortest, which has no words, to one that is cut. */
    private static List<String> texts(TextEncoder encoder) throws IOException {
        List<String> words = List.of(String.join(" ", Scenario.sampleTexts()).split(" "));
        int most = encoder.maxTokens();
        var texts = new ArrayList<>(List.of(""));
        int tokens = 3;
        int from = 0;
        while (tokens < most * 5 / 4) {
            int to = from + 1;
            String text = words.get(from);
            while (encoder.model().files().tokenizer().encode(text).ids().length < Math.min(tokens, most)) {
                text += " " + words.get(to++ % words.size());
            }
            texts.add(text);
            from = to % words.size();
            tokens += 1 + tokens / 8;
        }
        return texts;
    }

    /**
     * Brings everything to its full size, then runs and prints; returns whether memory grew by no more than the bound.
     *
     * @param warmUpCalls of each encoder, before the time begins
     * @throws IllegalStateException if a call failed or a vector changed
     */
    boolean run(int warmUpCalls, double minutes, long mostGrowth) throws IOException, InterruptedException {
        out.printf(
                "%d encoders (%s; %s), %d texts of 2 to %d tokens, %d callers, %.0f %% of a core%n",
                encoders.size(),
                String.join(" and ", models),
                String.join(", ", engines.stream().map(OwnEngine::name).toList()),
                texts.size(),
                encoders.getFirst().model().files().text().maxTokens(),
                CALLERS,
                100 * CPU_SHARE);
        for (int encoder = 0; encoder < encoders.size(); encoder++) {
            for (int session = 0; session < SESSIONS; session++) {
                check(encoders.get(encoder), encoder, texts, Budget.FULL);
            }
            openAndClose(encoder, new Random(encoder));
        }
        long length = (long) (minutes * 60e9);
        List<Long> resident = new ArrayList<>();
        try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                var random = new Random(i);
                running.add(callers.submit(() -> callAll(random)));
            }
            try {
                warmUp((long) warmUpCalls * encoders.size(), running);
                out.printf(
                        "%8s %9s %7s %8s %12s %18s %8s %6s%n",
                        "minute", "calls", "opened", "RSS MiB", "heap MiB", "workspaces MiB", "threads", "CPU %");
                resident.add(line());
                for (int i = 1; i <= LINES; i++) {
                    untilOrFailed(startNanos + length * i / LINES, running);
                    resident.add(line());
                }
            } finally {
                stopping = true;
            }
            for (Future<?> future : running) {
                result(future);
            }
        }
        long growth = growthAfterATenth(resident);
        boolean good = growth <= mostGrowth;
        out.printf(
                "resident memory after the first tenth: %.1f MiB more at most, %.1f allowed: %s%n",
                mebibytes(growth), mebibytes(mostGrowth), good ? "holds" : "FAILS");
        return good;
    }

    /** The most by which a later figure exceeds the one at a tenth of the time. */
    public static long growthAfterATenth(List<Long> resident) {
        int tenth = (resident.size() - 1) / 10;
        return resident.stream().skip(tenth).mapToLong(Long::longValue).max().orElseThrow() - resident.get(tenth);
    }

    /**
     * The same calls and openings as later, as fast as they go: until then oneDNN meets new numbers of rows, for each of which it compiles a
     * kernel that stays, and tasks that run at once for the first time take buffers.
     */
    private void warmUp(long warmUpCalls, List<Future<?>> running) throws InterruptedException, IOException {
        while (calls.get() < warmUpCalls) {
            failIfOneDid(running);
            openIfDue();
            Thread.sleep(100);
        }
        calls.set(0);
        opened.set(encoders.size());
        startNanos = System.nanoTime();
        startCpuNanos = cpuNanos();
        paced = true;
    }

    private void openIfDue() throws IOException, InterruptedException {
        if (calls.get() >= (opened.get() + 1 - encoders.size()) * CALLS_BETWEEN_OPENINGS) {
            var random = new Random(opened.get());
            openAndClose(random.nextInt(encoders.size()), random);
        }
    }

    private static void failIfOneDid(List<Future<?>> running) throws InterruptedException {
        for (Future<?> future : running) {
            if (future.isDone()) {
                result(future);
            }
        }
    }

    private void untilOrFailed(long nanos, List<Future<?>> running) throws InterruptedException, IOException {
        while (System.nanoTime() < nanos) {
            failIfOneDid(running);
            openIfDue();
            Thread.sleep(Math.clamp((nanos - System.nanoTime()) / 1_000_000, 0, 100));
        }
    }

    private static void result(Future<?> future) throws InterruptedException {
        try {
            future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a caller failed: " + e.getCause().getMessage(), e.getCause());
        }
    }

    private Void callAll(Random random) throws InterruptedException {
        while (!stopping) {
            int encoder = (int) (calls.getAndIncrement() / CALLS_IN_TURN % encoders.size());
            call(encoders.get(encoder), encoder, random);
            pause();
        }
        return null;
    }

    /** A text alone in half of the calls, otherwise a list of up to all. */
    private void call(TextEncoder encoder, int number, Random random) {
        int first = random.nextInt(texts.size());
        int count = random.nextBoolean() ? 1 : 1 + random.nextInt(1 + random.nextInt(texts.size() - first));
        check(
                encoder,
                number,
                texts.subList(first, first + count),
                encoder.isAdaptive() ? BUDGETS.get(random.nextInt(BUDGETS.size())) : Budget.FULL);
    }

    private void check(TextEncoder encoder, int number, List<String> list, Budget budget) {
        compare(
                encoder,
                number,
                list,
                budget,
                list.size() == 1 ? List.of(encoder.embed(list.getFirst(), budget)) : encoder.embed(list, budget));
    }

    private void compare(TextEncoder encoder, int number, List<String> list, Budget budget, List<Embedding> results) {
        for (int i = 0; i < list.size(); i++) {
            float[] vector = results.get(i).vector();
            float[] first = expected.putIfAbsent(number + " " + budget + " " + list.get(i), vector);
            if (first != null && !Arrays.equals(first, vector)) {
                throw new IllegalStateException("%s, %s, %s: the vector of a text of %d tokens changed"
                        .formatted(
                                encoder.model().backend().name(),
                                encoder.model().backend().precision().label(),
                                budget,
                                results.get(i).tokens()));
            }
        }
    }

    /** Another encoder of the same models, closed while somebody still calls it. */
    private void openAndClose(int number, Random random) throws IOException, InterruptedException {
        String model = models.get(number / engines.size());
        CompletableFuture<Void> caller;
        try (TextEncoder encoder = open(model, engines.get(number % engines.size()), 1 + random.nextInt(3))) {
            for (int i = 0; i < 3; i++) {
                call(encoder, number, random);
            }
            caller = CompletableFuture.runAsync(() -> callUntilClosed(encoder, number));
            Thread.sleep(random.nextInt(20));
        }
        caller.join();
        opened.incrementAndGet();
    }

    private void callUntilClosed(TextEncoder encoder, int number) {
        List<String> some = texts.subList(0, 8);
        while (true) {
            List<Embedding> results;
            try {
                results = encoder.embed(some, Budget.FULL);
            } catch (IllegalStateException e) {
                if (e.getMessage().equals("the model is closed")) {
                    return;
                }
                throw e;
            }
            compare(encoder, number, some, Budget.FULL, results);
        }
    }

    private void pause() throws InterruptedException {
        if (!paced) {
            return;
        }
        Thread.sleep(2);
        while (!stopping && cpuShare() > CPU_SHARE) {
            Thread.sleep(20);
        }
    }

    private double cpuShare() {
        return (double) (cpuNanos() - startCpuNanos) / (System.nanoTime() - startNanos);
    }

    private static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getProcessCpuTime();
    }

    /** Prints a line and returns the resident bytes. */
    private long line() throws IOException, InterruptedException {
        System.gc();
        // What a closed encoder has freed goes back to the system a little later.
        Thread.sleep(300);
        long resident = PeakMemory.bytes("VmRSS");
        out.printf(
                "%8.1f %9d %7d %8.1f %12.1f %18.1f %8d %6.1f%n",
                (System.nanoTime() - startNanos) / 60e9,
                calls.get(),
                opened.get(),
                mebibytes(resident),
                mebibytes(
                        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()),
                mebibytes(encoders.stream()
                        .mapToLong(encoder -> encoder.model().sessions().workspaceBytes())
                        .sum()),
                ManagementFactory.getThreadMXBean().getThreadCount(),
                100 * cpuShare());
        out.flush();
        return resident;
    }

    private static double mebibytes(long bytes) {
        return bytes / (double) (1 << 20);
    }

    @Override
    public void close() {
        encoders.forEach(TextEncoder::close);
    }
}
