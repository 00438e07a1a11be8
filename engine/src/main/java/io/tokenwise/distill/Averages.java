package io.tokenwise.distill;

import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.tensor.HostTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Takes the mean of what workers have trained: each writes its parameters to a file of the folder, floats one after the other, and reads the others' when all have met. Sums are doubles in the order of the ranks, so all get the
 * same bits. Nothing is synced to disk: a file counts for nothing once a worker has ended. The last ones go with the
 * folder.
 */
final class Averages {
    private final Workers workers;
    private final Path folder;

    /** In the names of files: a worker of an earlier life, which is being killed, may still be writing its own. */
    private final String life;

    /** Null before the first. */
    private Path written;

    private Averages(Workers workers, Path folder, String life) {
        this.workers = workers;
        this.folder = folder;
        this.life = life;
    }

    /** All workers begin together. */
    static Averages begin(Workers workers, Path folder) throws IOException, InterruptedException {
        String life = workers.meeting().meet(UUID.randomUUID().toString()).getFirst();
        return new Averages(workers, folder, life);
    }

    /** Gives parameters the mean of all workers', once these have done as many steps. One worker's stay as they are. */
    void take(List<AdamW> optimizers, int steps) throws IOException, InterruptedException {
        if (workers.isAlone()) {
            return;
        }
        // A phase that has not come yet has changed nothing.
        List<Parameter> parameters = optimizers.stream()
                .filter(optimizer -> optimizer.step() > 0)
                .flatMap(optimizer -> optimizer.parameters().stream())
                .toList();
        Path own = file(steps, workers.rank());
        write(own, parameters);
        workers.meeting().meet("");
        if (written != null) {
            // Who has come here has read what was written before.
            Files.deleteIfExists(written);
        }
        written = own;
        try (Arena arena = Arena.ofConfined()) {
            var all = new ArrayList<MemorySegment>();
            for (int rank = 0; rank < workers.count(); rank++) {
                all.add(open(file(steps, rank), arena));
            }
            long at = 0;
            for (Parameter parameter : parameters) {
                try (HostTensor values = parameter.write()) {
                    mean(all, at, values);
                    at += values.size();
                }
                parameter.changed();
            }
        }
    }

    private Path file(int steps, int rank) {
        return folder.resolve("average-" + life + "-" + steps + "-" + rank);
    }

    private static void write(Path file, List<Parameter> parameters) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (Parameter parameter : parameters) {
                try (HostTensor values = parameter.read()) {
                    ByteBuffer bytes = values.segment().asByteBuffer();
                    while (bytes.hasRemaining()) {
                        channel.write(bytes);
                    }
                }
            }
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
    }

    private static MemorySegment open(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }

    private static void mean(List<MemorySegment> all, long from, HostTensor values) {
        for (long i = 0; i < values.size(); i++) {
            double sum = 0;
            for (MemorySegment one : all) {
                sum += one.getAtIndex(ValueLayout.JAVA_FLOAT, from + i);
            }
            values.set(i, (float) (sum / all.size()));
        }
    }
}
