package io.tokenwise.bench.soak;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.tokenwise.bench.Options;
import io.tokenwise.bench.OwnEngine;
import io.tokenwise.bench.PeakMemory;
import io.tokenwise.io.CacheFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./tokenwise bench soak}. */
@Command(
        name = "soak",
        header = "Everything at once for hours, with faults: memory must stay flat, and results the same.",
        description = {
            "All kinds of models in every engine that this machine can run and in a server, called by 64 threads that are interrupted and in a hurry, single inputs and lists, all budgets, while other"
                    + " models and servers open and close in the midst of calls, damaged ones are refused, the cache is deleted and bad clients call. Paced to a share of one core. Time during which the"
                    + " process was stopped does not count.",
            "",
            "Exit code 1 if an answer changes by a bit, something fails that must not, resident memory grows too much after minute 10, a group answers nobody, or a thread, descriptor or native memory is left in the end."
        })
public final class SoakCommand implements Callable<Integer> {
    private static final int CALLERS = 64;
    private static final double CPU_SHARE = 0.25;
    private static final int REST_MILLIS = 10_000;
    private static final int LOOKS = 300;
    private static final String FREE_RATIO = "MaxHeapFreeRatio";
    private static final long MOST_RECORDED_BYTES = 100L << 20;

    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Option(
            names = "--hours",
            paramLabel = "N",
            defaultValue = "1",
            description = "How long (default: ${DEFAULT-VALUE}).")
    private double hours;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of what is called when (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            defaultValue = "tokenwise-soak",
            description =
                    "Gets soak.jfr, a recording of the flight recorder, and soak.md and soak.json (default: ${DEFAULT-VALUE}).")
    private Path folder;

    @Option(
            names = "--growth",
            paramLabel = "MIB",
            defaultValue = "64",
            description = "What resident memory may grow by after minute 10, of a short run after a sixth of it"
                    + " (default: ${DEFAULT-VALUE}).")
    private double growth;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            split = ",",
            converter = Options.EngineConverter.class,
            description = "Backends and precisions (default: all that this machine can run).")
    private List<OwnEngine> named;

    @Option(
            names = "--small",
            description = "Only small models with random weights and short inputs, for a quick look.")
    private boolean small;

    @Override
    public Integer call() throws Exception {
        Options.check(
                spec,
                hours > 0 && hours <= 1000 && growth >= 0,
                "--hours must be over 0 and at most 1000, --growth 0 or more");
        if (!PeakMemory.isAvailable()) {
            throw new IOException("soak reads resident memory from /proc, which this system does not have");
        }
        List<OwnEngine> engines = named == null
                ? OwnEngine.all().stream()
                        .filter(engine -> engine.refusal().isEmpty())
                        .toList()
                : named;
        Path cache = folder.resolve("cache");
        Files.createDirectories(cache);
        String before = System.setProperty(CacheFolder.PROPERTY, cache.toString());
        var vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String ratio = vm.getVMOption(FREE_RATIO).getValue();
        // The heap keeps what it once took: resident memory would go up and down with it.
        vm.setVMOption(FREE_RATIO, "100");
        try (Recording recording = record()) {
            SoakReport report = soak(engines, cache);
            recording.stop();
            return report.holds() ? 0 : 1;
        } finally {
            vm.setVMOption(FREE_RATIO, ratio);
            if (before == null) {
                System.clearProperty(CacheFolder.PROPERTY);
            } else {
                System.setProperty(CacheFolder.PROPERTY, before);
            }
        }
    }

    private SoakReport soak(List<OwnEngine> engines, Path cache) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        out.println(String.join(", ", engines.stream().map(OwnEngine::name).toList()));
        var soak = new Soak(new Soak.Plan(hours, seed, CALLERS, CPU_SHARE, restMillis(), growth, LOOKS), out);
        var house = new SoakHouse(engines, small ? List.of() : SoakModel.builtIn(), folder.resolve("models"), cache);
        house.serveForAMoment(soak.calling(), new Random(seed));
        SoakReport report = soak.run(house::open);
        out.print(report.text());
        out.flush();
        Files.writeString(folder.resolve("soak.md"), report.text());
        JsonMapper json =
                JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        Files.write(
                folder.resolve("soak.json"),
                json.writeValueAsBytes(
                        Map.of("seen", report, "slopes", report.slopes(), "verdicts", report.verdicts())));
        return report;
    }

    /** Even a short run is to be disturbed. */
    private int restMillis() {
        return (int) Math.clamp(hours * 3_600_000 / 8, 100, REST_MILLIS);
    }

    private Recording record() throws IOException, ParseException {
        var recording = new Recording(Configuration.getConfiguration("default"));
        recording.setName("soak");
        recording.setMaxSize(MOST_RECORDED_BYTES);
        recording.setDumpOnExit(true);
        recording.setDestination(folder.resolve("soak.jfr"));
        recording.start();
        return recording;
    }
}
