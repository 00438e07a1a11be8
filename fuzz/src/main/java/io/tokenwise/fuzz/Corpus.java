package io.tokenwise.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** The inputs of a target to go out from: those of the repository, and each that took a branch which none before it had taken. */
final class Corpus {
    private final Target target;
    private final List<Input> inputs = new ArrayList<>();

    /** Where new ones are kept. */
    private final Path kept;

    private Corpus(Target target, Path kept) {
        this.target = target;
        this.kept = kept;
    }

    /** @param kept a folder for what is found, which may have some of before */
    static Corpus open(Target target, Path root, Path kept) throws IOException {
        var corpus = new Corpus(target, Files.createDirectories(kept.resolve(target.name())));
        corpus.inputs.addAll(all(target, root.resolve(target.name())));
        if (corpus.inputs.isEmpty()) {
            throw new IllegalStateException(root.resolve(target.name()) + " has no input to go out from");
        }
        corpus.inputs.addAll(all(target, corpus.kept));
        return corpus;
    }

    /** All inputs in a folder, by their names. */
    static List<Input> all(Target target, Path folder) throws IOException {
        var inputs = new ArrayList<Input>();
        for (Path path : paths(folder)) {
            inputs.add(Input.read(target, path));
        }
        return inputs;
    }

    static List<Path> paths(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> found = Files.list(folder)) {
            return found.sorted().toList();
        }
    }

    List<Input> inputs() {
        return inputs;
    }

    /** One of all, the last found ones more often. */
    Input choose(SplittableRandom random) {
        int from = random.nextBoolean() ? 0 : inputs.size() - Math.max(1, inputs.size() / 8);
        return inputs.get(random.nextInt(from, inputs.size()));
    }

    void add(Input input) throws IOException {
        Files.write(kept.resolve(String.format("%06d", inputs.size())), input.packed(target));
        inputs.add(input);
    }
}
