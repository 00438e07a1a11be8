package io.tokenwise.fuzz;

import io.tokenwise.fuzz.differ.Differ;
import io.tokenwise.fuzz.seeds.Seeds;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./tokenwise fuzz}: hostile files for every reader. */
@Command(
        name = "tokenwise fuzz",
        header = "Give every reader hostile files and see that it reads them or refuses them in a line.",
        description = {
            "Changes files of a corpus, at random and by how each kind is built, and goes on from those that take a"
                    + " branch of our code that none before has taken.",
            "",
            "A finding is an input that takes the JVM down, needs more than 2 s of processor time, or more heap than 4"
                    + " times its size and 64 MiB, leaves native memory or an open file behind, or makes a reader"
                    + " throw something else than it says. Its file, and what it showed, are written to a folder.",
            "",
            "read: how many inputs were not refused. corpus: how many inputs there were to go out from in the end."
                    + " branches, lines: what was reached, of all that the classes have which were entered."
        },
        mixinStandardHelpOptions = true,
        subcommands = Differ.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise fuzz --minutes 480                   a night over all targets",
            "  ./tokenwise fuzz png jpeg --inputs 100000        so many of each",
            "  ./tokenwise fuzz png --replay FILE               one input, with the stack if it shows something",
            "  ./tokenwise fuzz differ --files 100000           valid files, read by us and by other programs",
            "",
            "Exit codes: 0 no finding, 1 findings, 2 wrong usage."
        })
public final class Fuzz implements Callable<Integer> {
    /** The folder of module fuzz, which has the corpora; the script sets it. */
    private static final String HOME = "tokenwise.fuzz";

    private final Targets all = new Targets();

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "TARGET", description = "What to read (default: all; --list names them).")
    private List<String> names = List.of();

    @Option(names = "--minutes", paramLabel = "N", description = "How long, for all targets together.")
    private Double minutes;

    @Option(names = "--inputs", paramLabel = "N", description = "How many inputs of each target at most.")
    private Long inputs;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "By which inputs are drawn (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "Where findings go and the inputs that reach new branches, which the next run goes out from"
                    + " (default: a new temporary folder).")
    private Path out;

    @Option(
            names = "--replay",
            paramLabel = "FILE",
            description = "Read this input of the one target named, nothing else.")
    private Path replay;

    @Option(names = "--list", description = "Print the targets' names.")
    private boolean list;

    @Option(names = "--write-corpus", hidden = true, description = "Write the repository's corpora anew.")
    private boolean writeCorpus;

    /** Runs the command line and ends the JVM with its exit code. */
    public static void main(String[] arguments) {
        System.exit(commandLine(new PrintWriter(System.out, true), new PrintWriter(System.err, true))
                .execute(arguments));
    }

    /** The command, ready to execute. */
    public static CommandLine commandLine(PrintWriter out, PrintWriter err) {
        return new CommandLine(new Fuzz()).setOut(out).setErr(err).setUsageHelpWidth(100);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter say = spec.commandLine().getOut();
        if (list) {
            all.get().forEach(target -> say.println(target.name()));
            return 0;
        }
        if (writeCorpus) {
            Seeds.write(corpora());
            return 0;
        }
        List<Target> targets =
                names.isEmpty() ? all.get() : names.stream().map(this::target).toList();
        if (replay != null) {
            return replay(targets, say);
        }
        if (minutes == null && inputs == null) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--minutes or --inputs says when to stop");
        }
        Path folder = out == null ? Files.createTempDirectory("tokenwise-fuzz-") : out;
        long millis = minutes == null ? Long.MAX_VALUE : (long) (60_000 * minutes / targets.size());
        long most = inputs == null ? Long.MAX_VALUE : inputs;
        say.println(Row.HEADER);
        var campaign = new Campaign(
                all,
                corpora(),
                folder.toAbsolutePath(),
                seed,
                Campaign.ENDLESS_NANOS,
                spec.commandLine().getErr());
        campaign.run(
                targets.stream()
                        .map(target -> new Share(target.name(), most, millis, true))
                        .toList(),
                row -> say.println(row));
        // Of this run: the folder may have some of an earlier one.
        if (campaign.findings() > 0) {
            say.println("findings: " + folder.resolve("findings"));
            return 1;
        }
        say.println("no findings; what was reached is in " + folder);
        return 0;
    }

    private Target target(String name) {
        try {
            return Targets.named(name, all.get());
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    /** The folder of module fuzz. */
    public static Path home() {
        return Path.of(System.getProperty(HOME, ".")).toAbsolutePath();
    }

    /** The folder of all targets' inputs to begin with. */
    static Path corpora() {
        return home().resolve("corpus");
    }

    private int replay(List<Target> targets, PrintWriter say) throws IOException {
        if (targets.size() != 1) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--replay needs the name of its target");
        }
        Target target = targets.getFirst();
        Trial.Result result;
        try (Workplace place = Workplace.create()) {
            result = new Trial(place).run(target, Input.read(target, replay));
        }
        say.println((result.verdict() + " " + result.message()).strip());
        result.finding()
                .ifPresent(finding -> say.println(finding.kind() + ": " + finding.what() + "\n" + finding.stack()));
        return result.finding().isPresent() ? 1 : 0;
    }
}
