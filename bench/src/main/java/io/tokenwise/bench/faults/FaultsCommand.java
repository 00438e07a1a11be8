package io.tokenwise.bench.faults;

import io.tokenwise.bench.Options;
import io.tokenwise.io.AtomicFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./tokenwise bench faults}: kills. */
@Command(
        name = "faults",
        header = "Kill trainings at random moments: they must end as if nobody had.",
        description = {
            "Trains a small model in a process of its own, kills it (SIGKILL) at a random moment of its length, and lets it go on, until it comes to its end; all files must then be, bit for bit, those of a"
                    + " training that nobody disturbed. After each kill nothing half written may have a final name.",
            "",
            "ends: trainings that came to their end and were compared. Of the kills: before the first checkpoint, between two, while a file or folder was being written, and with the model there"
                    + " already. Exit code 1 if something is not as it must be; the folder with it is kept."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise bench faults                   each kind of training, 100 kills each",
            "  ./tokenwise bench faults classes --kills 20 --seed 7"
        })
public final class FaultsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Parameters(
            paramLabel = "TRAINING",
            arity = "0..*",
            description = "texts, tokens, vit, images, ctc, wav2vec2, moonshine, classes, pairs (default: all).")
    private List<String> labels = List.of();

    @Option(
            names = "--kills",
            paramLabel = "N",
            defaultValue = "100",
            converter = Options.CountConverter.class,
            description = "How often each is killed (default: ${DEFAULT-VALUE}).")
    private int kills;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of the moments (default: ${DEFAULT-VALUE}).")
    private long seed;

    private List<SmallTraining> trainings() {
        if (labels.isEmpty()) {
            return List.of(SmallTraining.values());
        }
        return labels.stream().map(this::training).toList();
    }

    private SmallTraining training(String label) {
        return Arrays.stream(SmallTraining.values())
                .filter(training -> training.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "there is no training " + label + "; there are "
                                + Arrays.stream(SmallTraining.values())
                                        .map(SmallTraining::label)
                                        .collect(Collectors.joining(", "))));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        out.println("training   kills  ends  before  between  writing  model there  same bits  ms each");
        for (SmallTraining training : trainings()) {
            Path root = Files.createTempDirectory("tokenwise-faults-");
            KilledTraining.Seen seen = new KilledTraining(training, seed, root).run(kills);
            AtomicFiles.deleteTree(root);
            out.printf(
                    Locale.ROOT,
                    "%-9s  %5d  %4d  %6d  %7d  %7d  %11d  %9s  %7d%n",
                    training.label(),
                    seen.kills(),
                    seen.ends(),
                    seen.at(KilledTraining.Moment.BEFORE),
                    seen.at(KilledTraining.Moment.BETWEEN),
                    seen.at(KilledTraining.Moment.WRITING),
                    seen.at(KilledTraining.Moment.MODEL),
                    "all",
                    seen.millis());
            out.flush();
        }
        return 0;
    }
}
