package io.tokenwise.fuzz.differ;

import io.tokenwise.fuzz.Fuzz;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./tokenwise fuzz differ}: random valid files, read by us and by the program that others take to be right. */
@Command(
        name = "differ",
        header = "Make random valid files and compare what we read with what another program reads.",
        description = {
            "The other ones are Python's safetensors, Hugging Face's tokenizers (by DJL), Pillow and SoX. One that is not"
                    + " installed is told, and its files are skipped.",
            "",
            "varieties: how many of a kind's forms there were, as of colours, depths, codings or types."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise fuzz differ --files 100000           so many of each kind",
            "  ./tokenwise fuzz differ png --replay FILE        one file, and what both say of it",
            "",
            "Exit codes: 0 no difference, 1 differences, 2 wrong usage, 3 a program to compare with is not here."
        })
public final class Differ implements Callable<Integer> {
    private static final int SKIPPED = 3;

    private final List<Kind> all = new Kinds(Fuzz.home().resolve("peers")).all();

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "KIND", description = "What to read (default: all).")
    private List<String> names = List.of();

    @Option(
            names = "--files",
            paramLabel = "N",
            defaultValue = "1000",
            description = "How many of each kind (default: ${DEFAULT-VALUE}).")
    private long files;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "By which files are made (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description =
                    "Where files go that are read differently, with both results (default: a new temporary folder).")
    private Path out;

    @Option(
            names = "--replay",
            paramLabel = "FILE",
            description = "Read this file of the one kind named, nothing else.")
    private Path replay;

    @Override
    public Integer call() throws IOException {
        PrintWriter say = spec.commandLine().getOut();
        List<Kind> kinds =
                names.isEmpty() ? all : names.stream().map(this::kind).toList();
        if (replay != null) {
            return replay(kinds, say);
        }
        Path folder = out == null ? Files.createTempDirectory("tokenwise-differ-") : out;
        say.printf(
                Locale.ROOT,
                "%-12s %10s %10s %8s %12s  %s%n",
                "kind",
                "files",
                "varieties",
                "s",
                "differences",
                "beside");
        boolean differ = false;
        boolean skipped = false;
        for (Kind kind : kinds) {
            try (Peer peer = kind.peer().start()) {
                Comparison.Result result = new Comparison(kind, peer, folder.resolve(kind.name())).run(seed, files);
                say.printf(
                        Locale.ROOT,
                        "%-12s %,10d %10d %8.1f %12d  %s%n",
                        kind.name(),
                        files,
                        result.varieties(),
                        1e-9 * result.nanos(),
                        result.differences(),
                        peer.version());
                differ |= result.differences() > 0;
            } catch (MissingPeerException e) {
                say.println(kind.name() + " skipped: needs " + e.getMessage());
                skipped = true;
            }
        }
        if (differ) {
            say.println("differences: " + folder + "; ./tokenwise fuzz differ KIND --replay FILE shows one");
            return 1;
        }
        return skipped ? SKIPPED : 0;
    }

    private Kind kind(String name) {
        return all.stream()
                .filter(kind -> kind.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new CommandLine.ParameterException(
                        spec.commandLine(),
                        "there is no kind " + name + "; there are "
                                + all.stream().map(Kind::name).collect(Collectors.joining(", "))));
    }

    private int replay(List<Kind> kinds, PrintWriter say) throws IOException {
        if (kinds.size() != 1) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--replay needs the name of its kind");
        }
        Kind kind = kinds.getFirst();
        byte[] file = Files.readAllBytes(replay);
        try (Peer peer = kind.peer().start()) {
            Optional<String> difference = kind.sameness().difference(kind.ours(file), peer.read(file));
            say.println(difference.orElse("no difference") + " (" + peer.version() + ")");
            return difference.isPresent() ? 1 : 0;
        } catch (MissingPeerException e) {
            say.println(kind.name() + " skipped: needs " + e.getMessage());
            return SKIPPED;
        }
    }
}
