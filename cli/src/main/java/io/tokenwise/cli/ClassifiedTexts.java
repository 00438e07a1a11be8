package io.tokenwise.cli;

import io.tokenwise.Classification;
import io.tokenwise.TextClassifier;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
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
 * @param pairs whether each is two, with a tab between them
 * @param out where their classes go
 */
record ClassifiedTexts(TextClassifier classifier, Budget budget, boolean pairs, PrintWriter out, boolean json) {
    /** Texts that are run through the model together when they are there already. */
    private static final int BATCH = 64;

    private static final int SHOWN = 40;

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
        List<Classification> found = pairs
                ? classifier.classifyPairs(pairs(texts), budget, Deadline.NONE)
                : classifier.classify(texts, budget);
        for (int i = 0; i < texts.size(); i++) {
            print(texts.get(i), found.get(i));
        }
        if (out.checkError()) {
            throw new IOException("the classes cannot be written to stdout");
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        return texts.stream().filter(this::isCut).count();
    }

    private static List<TextClassifier.Pair> pairs(List<String> texts) {
        return texts.stream().map(ClassifiedTexts::pair).toList();
    }

    private static TextClassifier.Pair pair(String text) {
        String[] both = text.split("\t", -1);
        if (both.length != 2) {
            String begin = text.substring(0, Math.min(SHOWN, text.length()));
            throw new IllegalArgumentException("the text that begins with '" + begin + "' has "
                    + (both.length == 1 ? "no tab" : "several tabs")
                    + "; --pairs reads two texts with one tab between them");
        }
        return new TextClassifier.Pair(both[0], both[1]);
    }

    private boolean isCut(String text) {
        Tokenizer tokenizer = classifier.model().files().tokenizer();
        if (!pairs) {
            return tokenizer.encode(text).truncated();
        }
        TextClassifier.Pair pair = pair(text);
        return tokenizer
                .encodePair(pair.first(), pair.second(), classifier.maxTokens())
                .truncated();
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
