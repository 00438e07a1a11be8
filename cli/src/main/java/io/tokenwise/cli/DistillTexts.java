package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.distill.TrainingTexts;
import io.tokenwise.io.LineFile;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.Objective;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Reads texts to train on: one a line, or a field of a {@linkplain FieldFile file whose fields have names}; or pairs of texts, a tab between them, or two fields. Of more text than memory
 * should hold, a random part is kept. For one thread.
 */
final class DistillTexts {
    /** Of the texts in files whose fields have names. */
    static final String USUAL_FIELD = "text";

    /** Of the pairs. */
    static final String USUAL_PAIR = "query,text";

    /** A text that comes again more often than this is learnt by heart. */
    private static final int MOST_REPEATS = 20;

    private final TextDescription model;
    private final boolean pairs;
    private final TrainingTexts texts;

    /**
     * @param model that reads the texts
     * @param pairs whether each is two
     * @param keepsWords whether {@link TrainingTexts#words} are wanted too, for which there must be memory; not of pairs
     */
    DistillTexts(ModelFiles model, boolean pairs, long seed, boolean keepsWords) {
        this(model, pairs, seed, keepsWords, TrainingTexts.MOST_TOKENS);
    }

    /** @param mostTokens about half of the texts is forgotten whenever there are more tokens */
    DistillTexts(ModelFiles model, boolean pairs, long seed, boolean keepsWords, long mostTokens) {
        this.model = (TextDescription) model.description();
        this.pairs = pairs;
        texts = new TrainingTexts(model, seed, keepsWords, mostTokens);
    }

    /**
     * Reads a file, whose name says what it is; a text that is blank does not count.
     *
     * @param field that holds the text, in files whose fields have names; the two of a pair with a comma between them
     * @throws BadFileException if there is no text or the file is no good; the message says where
     */
    void read(Path file, String field) throws IOException {
        long before = texts.given();
        if (FieldFile.is(file)) {
            String[] fields = field.split(",", 2);
            FieldFile.read(
                    file,
                    pairs
                            ? row -> texts.addPair(row.text(fields[0]), row.text(fields[1]))
                            : row -> texts.add(row.text(field)));
        } else {
            try (var lines = new LineFile(file)) {
                for (String line = lines.next(); line != null; line = lines.next()) {
                    addLine(lines, line);
                }
            }
        }
        if (texts.given() == before) {
            throw new BadFileException(file.toString(), pairs ? "has no pairs of texts" : "has no texts");
        }
    }

    private void addLine(LineFile lines, String line) {
        int tab = line.indexOf('\t');
        if (!pairs) {
            // White space to encoders, which were given such lines before others could be distilled.
            if (tab >= 0 && model.objective() != Objective.VECTORS) {
                throw lines.bad("has a tab, as between two texts; " + model.name() + " is " + model.kind()
                        + ", which reads one" + (readsPairs(model) ? " unless --pairs is given" : ""));
            }
            texts.add(line);
        } else if (!line.isBlank()) {
            if (tab < 0 || line.indexOf('\t', tab + 1) >= 0) {
                throw lines.bad("has " + (tab < 0 ? "no tab" : "more than one tab") + "; " + model.name() + " is "
                        + model.kind() + ", which reads two texts, with one tab between them");
            }
            texts.addPair(line.substring(0, tab), line.substring(tab + 1));
        }
    }

    /** Whether a model may be given two texts at once. */
    static boolean readsPairs(TextDescription model) {
        return model.output() instanceof TextOutput.SequenceClasses
                || model.output().isScore();
    }

    /** What was read. */
    TrainingTexts all() {
        return texts;
    }

    /**
     * What a user should know of the texts; often nothing.
     *
     * @param trainedTokens how many are trained on in all
     */
    List<String> remarks(long trainedTokens) {
        var remarks = new ArrayList<String>();
        long tokens = texts.tokens();
        if (texts.kept() < texts.given()) {
            remarks.add(String.format(
                    Locale.ROOT,
                    "of %,d texts a random part is used: %,d texts with %,d tokens",
                    texts.given(),
                    texts.kept(),
                    tokens));
        }
        if (texts.cut() > 0) {
            remarks.add(CommonOptions.cut(texts.longest(), texts.cut()));
        }
        if (trainedTokens > MOST_REPEATS * tokens) {
            remarks.add(String.format(
                    Locale.ROOT,
                    "there are %,d tokens of text, so each is trained on %,d times: more text, or fewer --tokens, would be better",
                    tokens,
                    trainedTokens / tokens));
        }
        return remarks;
    }
}
