package io.tokenwise.cli;

import io.tokenwise.EmbedRequest;
import io.tokenwise.Embedding;
import io.tokenwise.InputType;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.io.TextLines;
import io.tokenwise.model.TextKind;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "embed",
        header = "Turn texts into vectors.",
        description =
                "Reads UTF-8 text from stdin, one text a line, and prints for each line one JSON array: the text's"
                        + " vector.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  echo 'how do I pay an invoice?' | ./tokenwise embed",
            "  ./tokenwise embed --model my-model --flops 0.5 < texts.txt > vectors.jsonl",
            "  ./tokenwise embed --model my-model --flops 0.5 --mode hard < texts.txt > vectors.jsonl"
        })
final class Embed implements Callable<Integer> {
    /** Texts that are run through the model together when they are there already. */
    private static final int BATCH = 64;

    @ParentCommand
    private Tokenwise root;

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.TEXT_ENCODER);

    @Spec
    private CommandSpec spec;

    @Mixin
    private BudgetOptions budget;

    @Option(
            names = "--as",
            paramLabel = "KIND",
            defaultValue = "text",
            converter = KindConverter.class,
            description =
                    "What the texts are: text, or query or passage, to which models such as e5-small want a prefix"
                            + " (default: ${DEFAULT-VALUE}).")
    private TextKind kind;

    @Option(
            names = "--prompt-name",
            paramLabel = "NAME",
            description = "Put this one of the model's prompts before each text, by its name in"
                    + " config_sentence_transformers.json; --as then says nothing.")
    private String prompt;

    @Option(
            names = "--dimensions",
            paramLabel = "N",
            converter = CommonOptions.CountConverter.class,
            description =
                    "Print the first N values of each vector, at length 1 again: for models that were trained for it"
                            + " (Matryoshka); others lose much by it.")
    private Integer dimensions;

    /** Where other commands have their text: null, or a mistake. */
    @Parameters(arity = "0..*", hidden = true)
    private List<String> misplaced;

    /** Reads a kind of text. */
    static final class KindConverter implements ITypeConverter<TextKind> {
        @Override
        public TextKind convert(String text) {
            return CommonOptions.constant(TextKind.values(), TextKind::toString, text, "text, query or passage");
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (misplaced != null) {
            throw options.mistake("texts come from stdin, one a line: echo 'a text' | ./tokenwise embed");
        }
        Budget share = budget.asked(options.seed());
        PrintWriter err = spec.commandLine().getErr();
        try (TextEncoder encoder = options.open(options.model())) {
            budget.remark(options.model(), encoder.model().encoder().modules(), err);
            long cut = embedAll(encoder, share, new TextLines(root.in(Tokenwise.LINES)));
            if (cut > 0) {
                err.println(CommonOptions.cut(encoder.maxTokens(), cut));
            }
        }
        return ExitCode.OK;
    }

    private List<Embedding> encode(TextEncoder encoder, Budget share, List<String> texts) {
        EmbedRequest request = EmbedRequest.of(texts).withBudget(share).as(InputType.valueOf(kind.name()));
        EmbedRequest prompted = prompt == null ? request : request.withPrompt(prompt);
        return encoder.embed(dimensions == null ? prompted : prompted.withDimensions(dimensions));
    }

    /** Prints the vectors of all texts and returns how many texts were cut. */
    private long embedAll(TextEncoder encoder, Budget share, TextLines lines) throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        long cut = 0;
        for (List<String> texts = lines.next(BATCH); !texts.isEmpty(); texts = lines.next(BATCH)) {
            for (Embedding embedding : encode(encoder, share, texts)) {
                out.println(Json.line(options.json() ? embedding : embedding.vector()));
                cut += embedding.truncated() ? 1 : 0;
            }
            if (out.checkError()) {
                throw new IOException("the vectors cannot be written to stdout");
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        return cut;
    }
}
