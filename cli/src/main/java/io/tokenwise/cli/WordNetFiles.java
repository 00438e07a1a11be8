package io.tokenwise.cli;

import io.tokenwise.testdata.WordNet;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/** WordNet's definitions with their 45 lexicographer classes as files to learn from and to be judged by. */
record WordNetFiles(Path training, Path test) {
    /** Every so many definitions are for the test. */
    private static final int TEST_SHARE = 10;

    /** Writes {@code wordnet-train.csv} and {@code wordnet-test.csv}, text,label with a header, into a folder that may be there. */
    static WordNetFiles write(Path folder, long seed) throws IOException {
        WordNet wordNet = WordNet.load();
        var order = new ArrayList<>(
                IntStream.range(0, wordNet.glosses().size()).boxed().toList());
        Collections.shuffle(order, new Random(seed));
        int test = order.size() / TEST_SHARE;
        Files.createDirectories(folder);
        return new WordNetFiles(
                write(folder.resolve("wordnet-train.csv"), wordNet, order.subList(test, order.size())),
                write(folder.resolve("wordnet-test.csv"), wordNet, order.subList(0, test)));
    }

    private static Path write(Path file, WordNet wordNet, List<Integer> numbers) throws IOException {
        try (BufferedWriter writer = Files.newBufferedWriter(file);
                var printer = new CSVPrinter(writer, CSVFormat.DEFAULT)) {
            printer.printRecord("text", "label");
            for (int number : numbers) {
                printer.printRecord(
                        wordNet.glosses().get(number), wordNet.glossClasses().get(number));
            }
        }
        return file;
    }
}
