package io.tokenwise.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "cuda",
        header = "Backend cuda on this machine's card: is it right, and how fast is it.",
        description = {
            "First every kind of operation and two whole models are compared with the CPU, and the card with itself, bit for"
                    + " bit. Then products beside cuBLASLt's, MiniLM, ViT-B/16, dispatch and distillation are timed, and"
                    + " PyTorch and ONNX Runtime if Python has them.",
            "",
            "--folder makes a folder instead that does all of this on another machine, which needs a driver and nothing"
                    + " else: ./run in it. Exit code 1 if a check does not hold or a part fails."
        })
final class CudaCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Option(names = "--quick", description = "Few and small inputs: the only way that ends on a simulated device.")
    private boolean quick;

    @Option(
            names = "--only",
            paramLabel = "TEXT",
            split = ",",
            defaultValue = "",
            description =
                    "Parts whose name contains one of these texts: checks, products, dense layers, many texts, one text, images, ViT,"
                            + " dispatch, distillation, peers (default: all).")
    private List<String> only;

    @Option(
            names = "--keep",
            description =
                    "Keep, in the folder of -Dtokenwise.cache, which shapes of dense layers cuBLASLt multiplies at least a tenth faster than our kernels: it multiplies these from then"
                            + " on.")
    private boolean keep;

    @Option(
            names = "--texts",
            paramLabel = "FILE",
            description = "Texts, one a line (default: a mix of WordNet's short and long ones).")
    private Path texts;

    @Option(
            names = "--results",
            paramLabel = "DIR",
            defaultValue = "tokenwise-cuda",
            description =
                    "Where " + CudaBench.JSON + " and " + CudaBench.PAGE + " are written (default: ${DEFAULT-VALUE}).")
    private Path results;

    @Option(
            names = "--folder",
            paramLabel = "DIR",
            description = "Instead, make a folder that runs this on a machine without JDK and Maven.")
    private Path folder;

    @Option(
            names = "--without-models",
            description =
                    "Of --folder: leave them out, since it is to lie in a copy of the repository, which has them.")
    private boolean withoutModels;

    /** Starts it alone, where the libraries of the other commands are missing. */
    public static void main(String[] args) {
        var out = new PrintWriter(System.out, true);
        var err = new PrintWriter(System.err, true);
        System.exit(Bench.commandLine(new CudaCommand(), out, err).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Options.check(spec, folder != null || !withoutModels, "--without-models goes with --folder only");
        if (folder != null) {
            Options.check(
                    spec, !quick && !keep && texts == null, "--folder goes with neither --quick, --keep nor --texts");
            out.println(CudaFolder.make(folder, !withoutModels, Nvcc.find(), err));
            return 0;
        }
        Options.check(
                spec,
                !keep || !System.getProperty("tokenwise.cache", "").isEmpty(),
                "--keep needs -Dtokenwise.cache=FOLDER, in which backend cuda will look for it");
        var bench = new CudaBench(CudaInputs.of(texts, quick), only, keep, results, err);
        boolean good = bench.run();
        out.print(CudaPage.text(bench.results()));
        out.flush();
        return good ? 0 : 1;
    }
}
