package io.tokenwise.cli;

import io.tokenwise.testdata.StsPairs;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "eval",
        header = "Measure quality and cost at each budget.",
        synopsisSubcommandLabel = "TASK",
        description = {
            "Runs a labelled task at each budget and prints quality, FLOPs and time side by side.",
            "For each budget: soft, as the gates decide; static, every token gets the same at equal FLOPs; random, the gates'"
                    + " numbers dealt to random tokens. The dense model comes first; a dense model has one row."
        },
        subcommands = {Eval.Sts.class, Eval.Retrieval.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise eval sts sts-dev.csv --model my-model",
            "  ./tokenwise eval retrieval scifact --model my-model"
        })
final class Eval implements Runnable {
    @Mixin
    private Tokenwise.Help help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no task given");
    }

    @Command(
            name = "sts",
            header = "Semantic textual similarity: Spearman's rank correlation with human scores.",
            description =
                    "FILE.csv holds lines of sentence1,sentence2,score, UTF-8, quoted as CSV is, without a header.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise eval sts sts-dev.csv --model my-model",
                "  ./tokenwise eval sts sts-dev.csv --model my-model --budget 0.25,0.5 --json"
            })
    static final class Sts extends EvalCommand {
        @Parameters(paramLabel = "FILE.csv", description = "Pairs of sentences with a score.")
        private Path file;

        @Override
        EvalTask read() throws IOException {
            return new StsEvaluation(StsPairs.read(file));
        }
    }

    @Command(
            name = "retrieval",
            header = "Search: nDCG@10 and recall@100 of exact search by cosine.",
            description = {
                "DIR is laid out as BEIR's data sets are: corpus.jsonl with _id, title and text, queries.jsonl with _id and text,"
                        + " qrels/SPLIT.tsv with the header query-id, corpus-id, score.",
                "A document is its title and text with a space between. The corpus is read block by block: memory holds its ids, but"
                        + " neither its texts nor its vectors."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise eval retrieval scifact --model my-model",
                "  ./tokenwise eval retrieval fiqa --model my-model --budget 0.5 --seeds 3 --split dev"
            })
    static final class Retrieval extends EvalCommand {
        @Parameters(paramLabel = "DIR", description = "A folder with corpus.jsonl, queries.jsonl and qrels.")
        private Path folder;

        @Option(
                names = "--split",
                paramLabel = "SPLIT",
                defaultValue = "test",
                description = "Which file of qrels says what is relevant (default: ${DEFAULT-VALUE}).")
        private String split;

        @Override
        EvalTask read() throws IOException {
            return new RetrievalEvaluation(BeirFolder.open(folder, split));
        }
    }
}
