package io.tokenwise.distill;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.AtomicFiles;
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

    /** @param place the file, or the folder */
    Checkpoints(Path place, Workers workers) {
        this.place = place;
        this.workers = workers;
    }

    /**
     * The one to go on from, after which all workers have done as many steps; all ask together.
     *
     * @throws BadFileException if there are checkpoints of another number of workers
     */
    Optional<Path> last() throws IOException, InterruptedException {
        if (workers.isAlone()) {
            if (Files.isDirectory(place)) {
                throw ofOthers("several workers");
            }
            return Optional.of(place).filter(Files::exists);
        }
        if (Files.isRegularFile(place)) {
            throw ofOthers("one worker alone");
        }
        AtomicFiles.createDirectories(place);
        Set<Integer> common = null;
        for (String steps : workers.meeting().meet(String.join(" ", own()))) {
            Set<Integer> ofOne = Stream.of(steps.split(" "))
                    .filter(step -> !step.isEmpty())
                    .map(Integer::valueOf)
                    .collect(Collectors.toSet());
            if (common == null) {
                common = new HashSet<>(ofOne);
            }
            common.retainAll(ofOne);
        }
        return common.stream().max(Integer::compare).map(this::file);
    }

    private BadFileException ofOthers(String who) {
        return new BadFileException(
                place.toString(), "is a checkpoint of " + who + ": go on with as many, or delete it to start over");
    }

    /** The steps of those that this worker has. */
    private List<String> own() throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            return files.map(file -> NAME.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches)
                    .filter(this::isOwn)
                    .map(name -> name.group(3))
                    .toList();
        }
    }

    private boolean isOwn(Matcher name) {
        int count = Integer.parseInt(name.group(2));
        if (count != workers.count()) {
            throw ofOthers(count + " workers");
        }
        return Integer.parseInt(name.group(1)) == workers.rank();
    }

    private Path file(int step) {
        return workers.isAlone()
                ? place
                : place.resolve("worker-" + workers.rank() + "-of-" + workers.count() + "-step-" + step);
    }

    /** Writes one of now. */
    void write(Distillation distillation, Map<String, String> run, History history) throws IOException {
        Checkpoint.write(file(distillation.nextStep()), distillation, run, history);
        newest = distillation.nextStep();
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

    /** When the model is written. A part of them would be none to go on from, and the model then another run's. */
    void delete() throws IOException {
        if (workers.isAlone()) {
            Files.deleteIfExists(place);
            return;
        }
        Path doomed = AtomicFiles.temporarySibling(place);
        Files.move(place, doomed);
        AtomicFiles.syncDirectory(place.toAbsolutePath().getParent());
        AtomicFiles.deleteTree(doomed);
    }
}
