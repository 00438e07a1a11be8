package io.tokenwise.cli;

import io.tokenwise.MaskFiller;
import io.tokenwise.api.BadFileException;
import io.tokenwise.io.LineFile;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.bert.MaskedLanguageModel;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.OpenModel;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "mlm",
        header = "Masked words: how many a BERT guesses, and its pseudo-perplexity.",
        description = {
            "FILE holds a text a line, UTF-8, also .gz. Without it " + EvalMlm.EXAMPLES
                    + " of WordNet's examples are taken, drawn by --seed.",
            "Of each text 15 % of the tokens, at least one, drawn by --seed, are replaced by [MASK] at once. accuracy is the share of them that get the largest logit,"
                    + " pseudo-perplexity the exponential of their mean negative log probability.",
            "The model must have its masked-LM head. An adaptive one has that of the dense model that it was made of. MFLOPs/token are without the head, ms/text with it."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise fetch bert-base",
            "  ./tokenwise eval mlm",
            "  ./tokenwise eval mlm texts.txt --model my-adaptive-bert --flops 0.5,0.75 --json"
        })
final class EvalMlm implements Callable<Integer> {
    static final int EXAMPLES = 2_000;

    private static final String DEFAULT_MODEL = "bert-base";

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.MASKED_LANGUAGE_MODEL);

    @Mixin
    private EvalOptions eval;

    @Mixin
    private TextLength length;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "FILE", description = "Texts, one a line.")
    private Path file;

    @Override
    public Integer call() throws IOException, InterruptedException {
        eval.check();
        List<String> texts = texts();
        String name = options.model(DEFAULT_MODEL);
        try (OpenModel model = OpenModel.open(name, options.engineOptions(), ModelFiles::text);
                OpenModel dense = EvalModels.openTeacher(model, options, eval, ModelFiles::text);
                MaskedLanguageModel denseHead = head(dense, dense);
                MaskedLanguageModel head = model == dense ? denseHead : head(model, dense)) {
            if (model.encoder().leaving().isPresent()) {
                throw new IllegalArgumentException(
                        name
                                + ": its tokens leave, masked ones too, so there is nothing to guess them from; eval mlm is for dense models and those whose modules have learners");
            }
            List<MaskedText> masked = masked(texts, model.files());
            var runs = new ArrayList<MaskedRun>();
            try {
                runs.add(new MaskedRun(EvalWay.dense(options.seed()), dense, denseHead));
                EvalWay.of(model.encoder().acms(), eval, options.seed())
                        .forEach(way -> runs.add(new MaskedRun(way, model, head)));
                run(runs, masked);
                print(
                        new Json.Eval(
                                "mlm",
                                masked.size() + " texts, "
                                        + masked.stream()
                                                .mapToInt(text -> text.places().length)
                                                .sum()
                                        + " tokens masked",
                                name,
                                model.backend().kind().label(),
                                model.backend().precision().label(),
                                options.threads(),
                                EvalRows.of(runs, MaskedRun::metrics)),
                        Measurement.learnersTitle(model));
            } finally {
                runs.forEach(MaskedRun::close);
            }
        }
        return ExitCode.OK;
    }

    private List<String> texts() throws IOException {
        var texts = new ArrayList<String>();
        if (file == null) {
            texts.addAll(WordNet.load().examples());
            Collections.shuffle(texts, new Random(options.seed()));
            return texts.subList(0, EXAMPLES);
        }
        try (var lines = new LineFile(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                texts.add(line);
            }
        }
        return texts;
    }

    /** A model's own head, or that of the dense one. */
    private static MaskedLanguageModel head(OpenModel model, OpenModel dense) throws IOException {
        try (ModelFiles own = Models.open(model.files().description().name())) {
            if (model == dense || MaskedLanguageModel.isIn(own.weights())) {
                return MaskedLanguageModel.load(own.weights(), model.encoder());
            }
        }
        try (ModelFiles files = Models.open(dense.files().description().name())) {
            return MaskedLanguageModel.load(files.weights(), model.encoder());
        }
    }

    private List<MaskedText> masked(List<String> texts, ModelFiles files) {
        Tokenizer tokenizer = files.tokenizer();
        int mask = tokenizer.id(MaskFiller.mask(files)).orElseThrow();
        int most = Math.min(length.maxTokens(), tokenizer.maxTokens());
        var random = new SplittableRandom(options.seed());
        List<MaskedText> masked = texts.stream()
                .map(text -> MaskedText.of(tokenizer.encode(text, most).ids(), mask, random))
                .flatMap(Optional::stream)
                .toList();
        if (masked.isEmpty()) {
            throw new BadFileException(String.valueOf(file), "has no text with a token to hide");
        }
        return masked;
    }

    private void run(List<MaskedRun> runs, List<MaskedText> texts) throws IOException, InterruptedException {
        long done = 0;
        long all = (long) texts.size() * runs.size();
        try (var progress = new Progress(spec.commandLine().getErr(), "eval mlm", "texts", all)) {
            for (int from = 0; from < texts.size(); from += EvalRuns.BLOCK) {
                List<MaskedText> block = texts.subList(from, Math.min(texts.size(), from + EvalRuns.BLOCK));
                for (MaskedRun run : runs) {
                    run.read(block);
                    done += block.size();
                    progress.update(done, run.mode().label());
                }
            }
        }
    }

    private void print(Json.Eval result, String learners) {
        var out = spec.commandLine().getOut();
        if (options.json()) {
            out.println(Json.line(result));
        } else {
            out.println(result.data());
            out.print(EvalRows.table(result.rows(), "text", learners));
        }
    }
}
