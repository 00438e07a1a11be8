package io.tokenwise.cli;

import io.tokenwise.Classification;
import io.tokenwise.TextClassifier;
import io.tokenwise.api.Budget;
import io.tokenwise.io.LineFile;
import io.tokenwise.io.TextLines;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What {@code classify} does with texts.
 *
 * @param out where their classes go
 */
record ClassifiedTexts(TextClassifier classifier, Budget budget, PrintWriter out, boolean json) {
    /** Texts that are run through the model together when they are there already. */
    private static final int BATCH = 64;

    /**
     * Classifies texts, or if there are none the lines of a file, or else of what comes in, and returns how many were cut.
     *
     * @param file null for what comes in
     */
    long all(List<String> texts, Path file, InputStream stdin) throws IOException, InterruptedException {
        if (texts != null) {
            return some(texts);
        }
        try (InputStream in = file == null ? stdin : LineFile.open(file)) {
            var lines = new TextLines(in);
            long cut = 0;
            for (List<String> some = lines.next(BATCH); !some.isEmpty(); some = lines.next(BATCH)) {
                cut += some(some);
            }
            return cut;
        }
    }

    private long some(List<String> texts) throws IOException, InterruptedException {
        List<Classification> found = classifier.classify(texts, budget);
        for (int i = 0; i < texts.size(); i++) {
            print(texts.get(i), found.get(i));
        }
        if (out.checkError()) {
            throw new IOException("the classes cannot be written to stdout");
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        Tokenizer tokenizer = classifier.model().files().tokenizer();
        return texts.stream().filter(text -> tokenizer.encode(text).truncated()).count();
    }

    private void print(String text, Classification found) {
        out.println(
                json
                        ? Json.line(new Json.ClassifiedText(
                                text, found.label(), found.probability(), Json.byLabel(found, classifier.labels())))
                        : String.format(
                                Locale.ROOT,
                                "%s\t%s\t%.3f",
                                text.strip().replaceAll("\\s+", " "),
                                found.label(),
                                found.probability()));
    }
}
