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
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * What {@code classify} does with texts.
 *
 * @param pairs whether each is two, with a tab between them
 * @param out where their classes go
 */
record ClassifiedTexts(TextClassifier classifier, Budget budget, boolean pairs, PrintWriter out, boolean json) {
    /** Texts that are run through the model together when they are there already. */
    private static final int BATCH = 64;

    /**
     * A text.
     *
     * @param name what messages call it
     */
    private record Named(String name, String text) {}

    /**
     * Classifies texts, or if there are none the lines of a file, or else of what comes in, and returns how many were cut.
     *
     * @param file null for what comes in
     */
    long all(List<String> texts, Path file, InputStream stdin) throws IOException, InterruptedException {
        if (texts != null) {
            return some(named(texts, number -> "text " + number));
        }
        try (InputStream in = file == null ? stdin : LineFile.open(file)) {
            var lines = new TextLines(in);
            long cut = 0;
            long before = 0;
            for (List<String> some = lines.next(BATCH); !some.isEmpty(); some = lines.next(BATCH)) {
                long read = before;
                List<Named> named = named(some, number -> name(file, read + number));
                // Of distill's files of pairs empty lines do not count either.
                cut += some(
                        pairs
                                ? named.stream()
                                        .filter(line -> !line.text().isBlank())
                                        .toList()
                                : named);
                before += some.size();
            }
            return cut;
        }
    }

    private static String name(Path file, long line) {
        return file == null ? "line " + line + " of the input" : file + ":" + line + ":";
    }

    private static List<Named> named(List<String> texts, IntFunction<String> name) {
        return IntStream.range(0, texts.size())
                .mapToObj(i -> new Named(name.apply(i + 1), texts.get(i)))
                .toList();
    }

    /** Classifies them, those before one that is no pair too. */
    private long some(List<Named> texts) throws IOException, InterruptedException {
        Optional<Named> bad =
                texts.stream().filter(text -> pairs && tabs(text.text()) != 1).findFirst();
        List<String> good = texts.stream()
                .takeWhile(text -> bad.isEmpty() || text != bad.get())
                .map(Named::text)
                .toList();
        long cut = good.isEmpty() ? 0 : classify(good);
        if (bad.isPresent()) {
            throw new IllegalArgumentException(bad.get().name() + " has "
                    + (tabs(bad.get().text()) == 0 ? "no tab" : "several tabs")
                    + "; --pairs reads two texts with one tab between them");
        }
        return cut;
    }

    private static long tabs(String text) {
        return text.chars().filter(c -> c == '\t').count();
    }

    private long classify(List<String> texts) throws IOException, InterruptedException {
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
        int tab = text.indexOf('\t');
        return new TextClassifier.Pair(text.substring(0, tab), text.substring(tab + 1));
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
