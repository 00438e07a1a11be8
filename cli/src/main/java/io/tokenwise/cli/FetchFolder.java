package io.tokenwise.cli;

import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.LockFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * Where fetched models and data sets lie, each in a folder of its name. Such a folder appears when all of it has come and is what it must be;
 * until then it is put together in a hidden sibling.
 *
 * @param folder need not be there
 */
record FetchFolder(Path folder) {
    /** The one in a cache folder. The engine looks for models there. */
    static FetchFolder in(Path cache) {
        return new FetchFolder(cache.resolve("fetched").toAbsolutePath().normalize());
    }

    Path place(Fetchable wanted) {
        return folder.resolve(wanted.name());
    }

    /** Whether it is here, by its folder alone. */
    boolean has(Fetchable wanted) {
        return Files.isDirectory(place(wanted));
    }

    /**
     * Fetches it if it is not here or damaged.
     *
     * @param err gets a line when that begins
     * @return whether it was fetched
     * @throws IOException if a client fails or what comes is not what is expected; then all is as before
     */
    boolean fetch(Fetchable wanted, Programs programs, PrintWriter err) throws IOException, InterruptedException {
        if (has(wanted)) {
            Optional<String> damage = wanted.fault(place(wanted));
            if (damage.isEmpty()) {
                return false;
            }
            err.println(place(wanted) + " is damaged: " + damage.get());
        }
        try (LockFile lock = lock(wanted)) {
            if (lock.keepsOthersOut()) {
                deleteLeftovers(wanted);
            }
            Path work = Files.createTempDirectory(folder, "." + wanted.name() + ".work");
            try {
                Path whole = Files.createDirectory(work.resolve("whole"));
                bring(wanted, work, whole, programs, err);
                if (has(wanted)) {
                    Files.move(place(wanted), work.resolve("damaged"), StandardCopyOption.ATOMIC_MOVE);
                }
                Files.move(whole, place(wanted), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException | InterruptedException | RuntimeException | Error e) {
                AtomicFiles.deleteAfter(e, work);
                throw e;
            }
            AtomicFiles.deleteTree(work);
        }
        return true;
    }

    private static void bring(Fetchable wanted, Path work, Path whole, Programs programs, PrintWriter err)
            throws IOException, InterruptedException {
        err.println("fetches " + wanted.name() + ", " + wanted.downloadMegabytes() + " MB, from " + wanted.from());
        for (Fetchable.Part part : wanted.parts()) {
            Path unpacked = Files.createTempDirectory(work, "package");
            try {
                part.origin().bring(unpacked, programs);
            } catch (IOException e) {
                throw new IOException(
                        wanted.name() + ": " + e.getMessage() + "; "
                                + part.origin().needs(),
                        e);
            }
            for (Kept kept : part.kept()) {
                kept.move(unpacked, whole);
            }
        }
        Optional<String> fault = wanted.fault(whole);
        if (fault.isPresent()) {
            throw new IOException(wanted.name() + ": what came is not what was expected: " + fault.get());
        }
    }

    private LockFile lock(Fetchable wanted) throws IOException {
        Optional<LockFile> lock;
        try {
            Files.createDirectories(folder);
            lock = LockFile.tryLock(folder.resolve("." + wanted.name() + ".lock"));
        } catch (IOException e) {
            throw new IOException(
                    folder + ": cannot be written (" + e.getClass().getSimpleName() + " " + e.getMessage()
                            + "); --cache FOLDER names another",
                    e);
        }
        return lock.orElseThrow(
                () -> new IOException(wanted.name() + ": another process is fetching it into " + folder));
    }

    /** Deletes what killed processes left; that none is at work is known by the lock. */
    private void deleteLeftovers(Fetchable wanted) throws IOException {
        try (var leftovers = Files.newDirectoryStream(folder, "." + wanted.name() + ".work*")) {
            for (Path leftover : leftovers) {
                AtomicFiles.deleteLeftover(leftover);
            }
        }
    }
}
