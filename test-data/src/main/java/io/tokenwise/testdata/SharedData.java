package io.tokenwise.testdata;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Data sets that no package registry has. They are optional: what needs one is skipped where it is absent.
 *
 * <p>They are looked for in the folder that the system property {@code tokenwise.data} names, and without it in
 * {@code shared/data} beside or above the working directory.
 */
public final class SharedData {
    /** The system property that names the folder. */
    public static final String PROPERTY = "tokenwise.data";

    private final Optional<Path> folder;

    private SharedData(Optional<Path> folder) {
        this.folder = folder;
    }

    /** Looks for the folder, from the working directory upwards. */
    public static SharedData find() {
        String named = System.getProperty(PROPERTY);
        return named != null ? in(Path.of(named)) : above(Path.of("").toAbsolutePath());
    }

    /** A certain folder, which may be absent. */
    static SharedData in(Path folder) {
        return new SharedData(Optional.of(folder).filter(Files::isDirectory));
    }

    static SharedData above(Path directory) {
        for (Path here = directory; here != null; here = here.getParent()) {
            Path candidate = here.resolve("shared").resolve("data");
            if (Files.isDirectory(candidate)) {
                return in(candidate);
            }
        }
        return new SharedData(Optional.empty());
    }

    /** STS-B's development set: 1,500 pairs, see {@link StsPairs}. */
    public Optional<Path> stsbDev() {
        return file("stsb/dev.csv");
    }

    /** STS-B's training set: 5,749 pairs, see {@link StsPairs}. */
    public Optional<Path> stsbTrain() {
        return file("stsb/train.csv");
    }

    /** Cranfield, a search test collection in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/test.tsv. */
    public Optional<Path> cranfield() {
        return file("cranfield");
    }

    /** CIFAR-10 as a tar file of JPEGs, {@code cifar10/train/CLASS/NAME.jpg} (50,000) and {@code cifar10/test/CLASS/NAME.jpg} (5,000). */
    public Optional<Path> cifar10() {
        return file("cifar10.tar");
    }

    private Optional<Path> file(String name) {
        return folder.map(f -> f.resolve(name)).filter(Files::exists);
    }
}
