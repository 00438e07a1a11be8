package io.tokenwise.fuzz.differ;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;

/**
 * Files of a kind, each read by both. Where they differ, the file and both results are kept.
 *
 * @param folder for these; it is made when there is one
 */
record Comparison(Kind kind, Peer peer, Path folder) {
    /** Of thousands that show the same nobody would look at more. */
    private static final int MOST_KEPT = 100;

    record Result(int varieties, long nanos, long differences) {}

    /** Reads so many. */
    Result run(long seed, long files) throws IOException {
        long start = System.nanoTime();
        var varieties = new HashSet<String>();
        long differences = 0;
        for (long number = 0; number < files; number++) {
            Kind.Made made = kind.made(seed, number);
            varieties.add(made.variety());
            Answer ours = kind.ours(made.bytes());
            Answer theirs = peer.read(made.bytes());
            Optional<String> difference = kind.sameness().difference(ours, theirs);
            if (difference.isPresent() && ++differences <= MOST_KEPT) {
                keep(seed + "-" + number, made, ours, theirs, difference.get());
            }
        }
        return new Result(varieties.size(), System.nanoTime() - start, differences);
    }

    private void keep(String name, Kind.Made made, Answer ours, Answer theirs, String difference) throws IOException {
        Files.createDirectories(folder);
        String file = name + kind.suffix();
        Files.write(folder.resolve(file), made.bytes());
        Files.write(folder.resolve(name + ".ours"), ours.content());
        Files.write(folder.resolve(name + ".theirs"), theirs.content());
        Files.writeString(
                folder.resolve(name + ".txt"),
                made.variety() + ": " + difference + "\n\n./tokenwise fuzz differ " + kind.name() + " --replay " + file
                        + "\n",
                StandardCharsets.UTF_8);
    }
}
