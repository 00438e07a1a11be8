package io.tokenwise.cli;

import io.tokenwise.Reranker;
import io.tokenwise.Reranker.Ranked;
import io.tokenwise.api.Budget;
import io.tokenwise.io.LineFile;
import io.tokenwise.io.TextLines;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "rerank",
        header = "Sort texts by how well they answer a query.",
        description =
                "Reads UTF-8 text, one text a line, and prints the lines with their scores, a tab between them, the best first; an empty line is a text too. It needs a cross-encoder: a model that gives one number for two texts. None comes with the build, nor by fetch: --model names its directory.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise rerank 'how do I pay an invoice?' --model my-cross-encoder < texts.txt",
            "  ./tokenwise rerank 'who wrote Faust?' --model my-cross-encoder --top 3 texts.txt"
        })
final class Rerank implements Callable<Integer> {
    /** Lines that are read at most: they are sorted together. */
    private static final int MOST = 1_000_000;

    private static final int AT_ONCE = 1_024;

    @ParentCommand
    private Tokenwise root;

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.CROSS_ENCODER);

    @Mixin
    private BudgetOptions budget;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "QUERY", description = "What is looked for.")
    private String query;

    @Parameters(index = "1", arity = "0..1", paramLabel = "FILE", description = "The texts, also .gz (default: stdin).")
    private Path file;

    private int top = Integer.MAX_VALUE;

    @Option(names = "--top", paramLabel = "N", description = "Print the first N alone (default: all).")
    void setTop(int count) {
        if (count < 1) {
            throw options.mistake("--top must be 1 or more, not " + count);
        }
        top = count;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Budget share = budget.asked(options.seed());
        String name = options.model("");
        if (name.isEmpty()) {
            throw options.mistake("--model must name a cross-encoder's directory: none comes with the build");
        }
        try (Reranker reranker = Reranker.open(name, options.engineOptions());
                InputStream in = file == null ? root.in(Tokenwise.LINES) : LineFile.open(file)) {
            budget.remark(
                    name,
                    reranker.model().encoder().modules(),
                    spec.commandLine().getErr());
            List<String> texts = read(new TextLines(in));
            if (texts.isEmpty()) {
                spec.commandLine().getErr().println("no texts came in to be sorted");
            }
            print(reranker.rank(query, texts, top, share));
        }
        return ExitCode.OK;
    }

    private static List<String> read(TextLines lines) throws IOException, InterruptedException {
        var texts = new ArrayList<String>();
        for (List<String> more = lines.next(AT_ONCE); !more.isEmpty(); more = lines.next(AT_ONCE)) {
            texts.addAll(more);
            if (texts.size() > MOST) {
                throw new IllegalArgumentException("more than " + MOST + " texts; sort fewer at a time");
            }
        }
        return texts;
    }

    private void print(List<Ranked> ranked) {
        PrintWriter out = spec.commandLine().getOut();
        for (Ranked text : ranked) {
            out.println(
                    options.json()
                            ? Json.line(text)
                            : String.format(Locale.ROOT, "%.4f\t%s", text.score(), text.text()));
        }
    }
}
