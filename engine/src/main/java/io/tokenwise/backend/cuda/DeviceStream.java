package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.Arguments;
import io.tokenwise.natives.cuda.CuEvent;
import io.tokenwise.natives.cuda.CuFunction;
import io.tokenwise.natives.cuda.CuGraphExec;
import io.tokenwise.natives.cuda.CuStream;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.LtProduct;
import io.tokenwise.natives.cuda.PinnedMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a stream has on the device, and what it has been told and not yet done: launches are written down, and {@link #flush queued} only when somebody waits for them, so that those of a whole
 * forward can be one graph. Where each operation is waited for they are queued at once. Once nobody uses it any more, the next stream of its backend takes it over.
 *
 * <p>Of one caller at a time, but for {@link #awaitForOthers} and {@link #flushForLater}.
 */
final class DeviceStream {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceStream.class);

    /** A longer list is queued in parts: in training the device has to begin before the host has told all. */
    private static final int MOST_LAUNCHES = 512;

    final Cuda cuda;
    final CuStream queue;
    final ScratchMemory scratch;

    /** For {@link FormedTensor}: outlives the scratch memory of operations. */
    final ScratchMemory forms;

    final KeptTables tables;

    /** For {@link StreamPool#order}. */
    final CuEvent event;

    /** The number of the last change that it has made to what other streams read, and of the last one of others that it waits for. */
    volatile long changed;

    volatile long seen;

    private final Arguments arguments = new Arguments(LaunchList.MOST_ARGUMENTS);
    private final LaunchList list = new LaunchList();
    private final Uploads uploads;
    private final KeptGraphs graphs;

    /** The thread that told it the last launch, and what went wrong when another one queued it. */
    private long caller;

    private RuntimeException failure;

    /** How often what was told has come to nothing. */
    private volatile long lost;

    /** For what the host reads. */
    private PinnedMemory room;

    /** Whether it may have been told what it has not done. */
    private volatile boolean busy;

    private final List<Long> kept = new ArrayList<>();

    DeviceStream(Cuda cuda) {
        this.cuda = cuda;
        queue = cuda.stream();
        uploads = new Uploads(cuda, queue);
        scratch = new ScratchMemory(cuda);
        forms = new ScratchMemory(cuda);
        tables = new KeptTables(cuda, queue, this::await);
        graphs = new KeptGraphs(cuda, arguments);
        room = cuda.pinned(Long.BYTES);
        event = cuda.event();
    }

    /** Memory for as long as the stream is used. */
    long keep(long bytes) {
        long address = DeviceMemory.allocate(cuda, bytes);
        kept.add(address);
        return address;
    }

    /** Pinned memory for what the host reads next. */
    MemorySegment room(long bytes) {
        if (room.byteSize() < bytes) {
            PinnedMemory larger = cuda.pinned(2 * bytes);
            room.close();
            room = larger;
        }
        return room.segment();
    }

    // ---- what is told

    synchronized void launch(
            CuFunction function,
            int gridX,
            int gridY,
            int gridZ,
            int block,
            int sharedBytes,
            long[] values,
            int count,
            long wide) {
        list.launch(function, gridX, gridY, gridZ, block, sharedBytes, values, count, wide);
        told();
    }

    synchronized void multiply(LtProduct product, int rows, long x, long weights, long bias, long y) {
        list.multiply(product, rows, x, weights, bias, y);
        told();
    }

    /** Takes back what was told last; false if that is queued already. */
    synchronized boolean takeBack() {
        if (list.count() == 0) {
            return false;
        }
        list.takeBack();
        return true;
    }

    synchronized void copy(long target, long source, long bytes) {
        list.copy(target, source, bytes);
        told();
    }

    synchronized void zero(long address, long bytes) {
        list.fill(address, bytes / Integer.BYTES);
        told();
    }

    private void told() {
        busy = true;
        caller = Thread.currentThread().threadId();
        if (cuda.isSynchronous()) {
            flush(false);
        } else if (list.count() == MOST_LAUNCHES) {
            flush(true);
        }
    }

    /** Where this number lies on the device until {@link #synchronize}; each call has a place of its own. */
    synchronized long count(int value) {
        return uploads.count(value);
    }

    /** Where these lie on the device until {@link #synchronize}. */
    synchronized long upload(int[] values, int count, int room) {
        return uploads.ints(values, count, room);
    }

    synchronized long offsets(int[] values, int sequences) {
        return uploads.offsets(values, sequences);
    }

    synchronized long upload(float[] values, int count, int room) {
        return uploads.floats(values, count, room);
    }

    synchronized long upload(long[] values, int count) {
        return uploads.longs(values, count);
    }

    synchronized long upload(double[] values, int count) {
        return uploads.doubles(values, count);
    }

    // ---- when it is done

    /**
     * Queues what was told.
     *
     * @param asGraph whether the same may well come again
     */
    synchronized void flush(boolean asGraph) {
        if (failure != null) {
            RuntimeException earlier = failure;
            failure = null;
            list.clear();
            lost++;
            throw earlier;
        }
        if (list.count() == 0) {
            return;
        }
        boolean isDone = false;
        try {
            uploads.send();
            CuGraphExec graph = asGraph ? graphs.graph(list) : null;
            if (graph != null) {
                graph.launch(queue);
            } else {
                list.launchOn(queue, arguments);
            }
            isDone = true;
        } finally {
            list.clear();
            if (!isDone) {
                uploads.failed();
                lost++;
            }
        }
    }

    /** Another one each time that launches that were told have been lost to an error. */
    long lost() {
        return lost;
    }

    /** Waits until all is done that was told until now, for a thread that waits for all streams; an error of launches is told to the stream's own caller too. */
    void awaitForOthers() {
        if (busy) {
            try {
                flushForOthers();
                queue.synchronize();
            } catch (RuntimeException e) {
                // What was queued before goes on: the next one has to wait for it.
                busy = true;
                throw e;
            }
        }
    }

    private synchronized void flushForOthers() {
        // What is told while this waits is for the next one to wait for.
        busy = false;
        flushForLater();
        if (failure != null) {
            RuntimeException now = failure;
            failure = Thread.currentThread().threadId() == caller ? null : now;
            throw now;
        }
    }

    /** As {@link #flush}, for a thread that changes or frees what this was told to use; if it fails, the stream's own caller is told. */
    synchronized void flushForLater() {
        if (failure == null) {
            try {
                flush(false);
            } catch (RuntimeException e) {
                failure = e;
            }
        }
    }

    /** Waits until all that was told is done; what was uploaded stays where it is. */
    void await() {
        flush(true);
        queue.synchronize();
    }

    /** Waits until all that was told is done. */
    void synchronize() {
        await();
        arrived();
    }

    private synchronized void arrived() {
        busy = false;
        uploads.arrived();
        graphs.arrived();
    }

    /** Nobody uses it any more; what is costly to make stays. That what it was told last has failed is nobody's error: who could see it is gone. */
    void release() {
        try {
            flush(false);
        } catch (RuntimeException e) {
            LOG.warn("what a stream was told that nobody uses any more came to nothing: {}", e.getMessage());
        }
        for (long address : kept) {
            DeviceMemory.free(cuda, address);
        }
        kept.clear();
    }
}
