package io.tokenwise.train;

import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.LockFile;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.ModelWriter.Existing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a training's model goes and what stands beside it until then: the checkpoint from which a run that was killed goes on, and a lock, which keeps other processes out.
 *
 * <p>When all steps are done the last checkpoint is written, then the model, then the checkpoint is deleted. So a model that is there beside a checkpoint is either the run's own, which was
 * killed just then, or another, which nothing may overwrite: only the checkpoint tells.
 */
public final class TrainingOutput implements AutoCloseable {
    private final Path out;
    private final Existing existing;
    private final LockFile lock;
    private final boolean written;

    private TrainingOutput(Path out, Existing existing, LockFile lock, boolean written) {
        this.out = out;
        this.existing = existing;
        this.lock = lock;
        this.written = written;
    }

    /** The file that holds the state of an unfinished run to a directory. */
    public static Path checkpoint(Path out) {
        return out.resolveSibling(out.getFileName() + ".checkpoint");
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
        Path folder = out.toAbsolutePath().getParent();
        LockFile lock = lock(out, folder.resolve("." + out.getFileName() + ".lock"));
        try {
            AtomicFiles.deleteLeftovers(checkpoint(out));
            ModelWriter.recover(out);
            return new TrainingOutput(out, existing, lock, maybeWritten(out, existing));
        } catch (Throwable e) {
            lock.close();
            throw e;
        }
    }

    private static LockFile lock(Path out, Path file) throws IOException {
        Optional<LockFile> lock;
        try {
            Files.createDirectories(file.getParent());
            lock = LockFile.tryLock(file);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(out, e);
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
     * Whether the run has written its model already, and was killed then.
     *
     * @param done whether all of its steps were done when it began
     * @throws IOException if there is a model, but not the run's
     */
    public boolean isWritten(boolean done) throws IOException {
        if (written && !done) {
            ModelWriter.checkTarget(out, existing);
        }
        return written;
    }

    /** Lets others in. */
    @Override
    public void close() throws IOException {
        lock.close();
    }
}
