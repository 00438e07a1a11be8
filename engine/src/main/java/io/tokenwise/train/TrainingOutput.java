package io.tokenwise.train;

import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.LockFile;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.ModelWriter.Existing;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a training's model goes and what stands beside it until then: the checkpoint from which a run that was killed goes on, and a lock, which keeps other processes out.
 *
 * <p>When all steps are done the last checkpoint is written, then the model, then the checkpoint is deleted. So a model that is there beside a checkpoint is either the run's own, which was
 * killed just then, or another, which nothing may overwrite: only what the checkpoint's state gives tells.
 */
public final class TrainingOutput implements AutoCloseable {
    private final Path out;
    private final Existing existing;
    private final Optional<LockFile> lock;

    private TrainingOutput(Path out, Existing existing, Optional<LockFile> lock) {
        this.out = out;
        this.existing = existing;
        this.lock = lock;
    }

    /** The file that holds the state of an unfinished run to a directory. */
    public static Path checkpoint(Path out) {
        Path target = ModelWriter.target(out);
        return target.resolveSibling(target.getFileName() + ".checkpoint");
    }

    /**
     * Whether a run may begin, or go on, before anything that takes long.
     *
     * @throws IOException if the directory holds something that the run must not replace
     */
    public static void check(Path out, Existing existing) throws IOException {
        if (!maybeWritten(out, existing)) {
            ModelWriter.checkTarget(out, existing);
        }
    }

    /**
     * Begins a run, and deletes what killed ones have left half written.
     *
     * @throws IOException if the directory holds something that the run must not replace, if nothing can be written there, or if another process trains to it
     */
    public static TrainingOutput begin(Path out, Existing existing) throws IOException {
        check(out, existing);
        Path target = ModelWriter.target(out);
        LockFile lock = lock(out, lockFile(target));
        try {
            if (lock.keepsOthersOut()) {
                recover(target);
                // There may be a model now that was put aside.
                check(out, existing);
            }
            return new TrainingOutput(target, existing, Optional.of(lock));
        } catch (Throwable e) {
            lock.close();
            throw e;
        }
    }

    /**
     * The same for one who works for another, which has begun the run and keeps it locked.
     *
     * @throws IOException if nobody has begun it here
     */
    public static TrainingOutput begun(Path out, Existing existing) throws IOException {
        Path target = ModelWriter.target(out);
        if (!Files.exists(lockFile(target))) {
            throw new IOException(
                    out + ": " + lockFile(target)
                            + " is not seen here, which lies beside it where the training was begun: the folder must be one that all machines share");
        }
        return new TrainingOutput(target, existing, Optional.empty());
    }

    private static Path lockFile(Path target) {
        return target.resolveSibling("." + target.getFileName() + ".lock");
    }

    private static void recover(Path target) throws IOException {
        try {
            AtomicFiles.deleteLeftovers(checkpoint(target));
            ModelWriter.recover(target);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(target, e);
        }
    }

    private static LockFile lock(Path out, Path file) throws IOException {
        try {
            AtomicFiles.createDirectories(file.getParent());
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(out, e);
        }
        Optional<LockFile> lock;
        try {
            lock = LockFile.tryLock(file);
        } catch (IOException e) {
            throw new IOException(
                    out + ": its lock, to be deleted if it is another user's and nobody trains: "
                            + AtomicFiles.cannotWrite(file, e).getMessage(),
                    e);
        }
        return lock.orElseThrow(() ->
                new IOException(out + ": another process is training to it: wait for its end, or name another folder"));
    }

    private static boolean maybeWritten(Path out, Existing existing) throws IOException {
        return existing == Existing.KEEP && ModelWriter.holdsFiles(out) && Files.exists(checkpoint(out));
    }

    /** The directory. */
    public Path out() {
        return out;
    }

    /** The file that holds the state of the unfinished run. */
    public Path checkpoint() {
        return checkpoint(out);
    }

    /**
     * Checks, before anything that takes long, that what there may be can be the run's own model.
     *
     * @param done whether all of its steps were done when it began
     * @throws IOException if there is something, and not the run's
     */
    public void check(boolean done) throws IOException {
        if (!done) {
            ModelWriter.checkTarget(out, existing);
        }
    }

    /**
     * Writes the model when all steps are done, unless the run has done so already and was killed then.
     *
     * @param tokenizer null if the model reads no text
     * @throws IOException if it cannot be written, or if there is something, and not the run's; then the checkpoint must stay
     */
    public void save(Encoder model, Tokenizer tokenizer, StoredType stored) throws IOException {
        // Looked at only now: of workers the first one may have had an earlier life that went on to here meanwhile.
        if (!maybeWritten(out, existing)) {
            model.save(out, tokenizer, existing, stored);
        } else if (!holds(model, tokenizer, stored)) {
            ModelWriter.checkTarget(out, existing);
        }
    }

    /** Whether what is there has the weights that would be written. */
    private boolean holds(Encoder model, Tokenizer tokenizer, StoredType stored) throws IOException {
        Path weights = out.resolve(ModelFolder.WEIGHTS);
        if (!Files.isRegularFile(weights)) {
            return false;
        }
        Path again = AtomicFiles.temporarySibling(out);
        try {
            model.save(again, tokenizer, Existing.KEEP, stored);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(out, e);
        }
        boolean same = Files.mismatch(again.resolve(ModelFolder.WEIGHTS), weights) == -1;
        AtomicFiles.deleteTree(again);
        return same;
    }

    /** Deletes what killed workers of the run have left half written. For who keeps it locked, when all have ended. */
    public void deleteLeftovers() throws IOException {
        if (lock.isPresent() && lock.get().keepsOthersOut()) {
            recover(out);
        }
    }

    /** Lets others in. */
    @Override
    public void close() throws IOException {
        if (lock.isPresent()) {
            lock.get().close();
        }
    }
}
