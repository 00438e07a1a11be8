package io.tokenwise.distill;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.train.TrainingState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A worker's checkpoints. Alone it has one file. Of several workers each has files of its own in a folder, with the step in their names: where one was killed before it wrote its newest, all go on from the one before, and so
 * none is deleted before all have a newer one.
 */
final class Checkpoints {
    private static final Pattern NAME = Pattern.compile("worker-(\\d+)-of-(\\d+)-step-(\\d+)");

    private final Path place;
    private final Workers workers;

    /** The step of the newest one, as long as not all are known to have theirs; else 0. */
    private int newest;

    private boolean isThere;

    /** @param place the file, or the folder */
    Checkpoints(Path place, Workers workers) {
        this.place = place;
        this.workers = workers;
    }

    /**
     * Looks, before workers begin, whether they may go on from what there is.
     *
     * @param settings of what must be the same what is known then
     * @throws BadFileException if there are checkpoints of other settings or of another number of workers
     */
    void check(Map<String, String> settings) throws IOException {
        requireOfAsMany();
        if (!Files.exists(place)) {
            return;
        }
        if (workers.isAlone()) {
            TrainingState.open(place, settings).close();
            return;
        }
        for (Matcher name : names()) {
            TrainingState.open(place.resolve(name.group()), place, settings).close();
        }
    }

    private void requireOfAsMany() {
        if (workers.isAlone() && Files.isDirectory(place)) {
            throw ofOthers("several workers");
        }
        if (!workers.isAlone() && Files.isRegularFile(place)) {
            throw ofOthers("one worker alone");
        }
    }

    /**
     * The one to go on from, after which all workers have done as many steps; all ask together.
     *
     * @throws BadFileException if there are checkpoints of another number of workers
     * @throws IOException if no step is common to all though one must be, so that not all of them are seen
     */
    Optional<Path> last() throws IOException, InterruptedException {
        requireOfAsMany();
        Optional<Path> last = workers.isAlone() ? Optional.of(place).filter(Files::exists) : lastOfAll();
        isThere = last.isPresent();
        return last;
    }

    private Optional<Path> lastOfAll() throws IOException, InterruptedException {
        AtomicFiles.createDirectories(place);
        List<String> said = workers.meeting().meet(String.join(" ", own()));
        Set<Integer> common = new HashSet<>(steps(said.getFirst()));
        said.forEach(one -> common.retainAll(steps(one)));
        // Who has two has met all others since the first of them: they have had theirs.
        if (common.isEmpty()
                && (said.stream().noneMatch(String::isEmpty)
                        || said.stream().anyMatch(one -> steps(one).size() > 1))) {
            throw new IOException(
                    place + ": the workers' checkpoints have no step in common ("
                            + String.join("; ", said)
                            + "), though there always is one: the listing of a folder may be out of date on a shared file system; try again");
        }
        return common.stream().max(Integer::compare).map(this::file);
    }

    private static Set<Integer> steps(String said) {
        return Stream.of(said.split(" "))
                .filter(step -> !step.isEmpty())
                .map(Integer::valueOf)
                .collect(Collectors.toSet());
    }

    private BadFileException ofOthers(String who) {
        return new BadFileException(
                place.toString(), "is a checkpoint of " + who + ": go on with as many, or delete it to start over");
    }

    /** The steps of those that this worker has. */
    private List<String> own() throws IOException {
        return names().stream()
                .filter(name -> Integer.parseInt(name.group(1)) == workers.rank())
                .map(name -> name.group(3))
                .toList();
    }

    /** Those of all workers. */
    private List<Matcher> names() throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            List<Matcher> names = files.map(
                            file -> NAME.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches)
                    .toList();
            names.forEach(this::requireOfAsMany);
            return names;
        }
    }

    private void requireOfAsMany(Matcher name) {
        if (Integer.parseInt(name.group(2)) != workers.count()) {
            throw ofOthers(name.group(2) + " workers");
        }
    }

    private Path file(int step) {
        return workers.isAlone()
                ? place
                : place.resolve("worker-" + workers.rank() + "-of-" + workers.count() + "-step-" + step);
    }

    /** Whether there is one to go on from. */
    boolean isThere() {
        return isThere;
    }

    /** Writes one of now. */
    void write(Distillation distillation, Map<String, String> run, History history) throws IOException {
        Checkpoint.write(file(distillation.nextStep()), distillation, run, history);
        newest = distillation.nextStep();
        isThere = true;
    }

    /** After all workers have met since the last one was written: none will be asked for that is older. */
    void forgetOlder() throws IOException {
        if (workers.isAlone() || newest == 0) {
            return;
        }
        for (String step : own()) {
            if (Integer.parseInt(step) < newest) {
                Files.deleteIfExists(file(Integer.parseInt(step)));
            }
        }
        newest = 0;
    }

    /** When the model is written, those of all workers. A part of them would be none to go on from, and the model then another run's. */
    static void delete(Path place) throws IOException {
        if (!Files.isDirectory(place)) {
            Files.deleteIfExists(place);
            return;
        }
        Path doomed = AtomicFiles.temporarySibling(place);
        Files.move(place, doomed);
        AtomicFiles.syncDirectory(place.toAbsolutePath().getParent());
        // On NFS a file stays that another machine has open; the model is there all the same.
        AtomicFiles.deleteLeftover(doomed);
    }
}
