package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.Cuda;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The streams of a backend, and the order among them. Each is of its own, but what one of them writes for all, such as weights that it packs, the others wait for, on the
 * device, before their next operation. Streams have no end of their own: those that the collector has found are taken over by new ones.
 */
final class StreamPool {
    private final Cuda cuda;
    private final CudaKernels kernels;
    private final List<DeviceStream> all = new CopyOnWriteArrayList<>();
    private final Deque<DeviceStream> free = new ArrayDeque<>();
    private final Set<Used> used = new HashSet<>();
    private final ReferenceQueue<Launches> ended = new ReferenceQueue<>();

    /** Changes of what all streams read, and those of them that change a tensor. */
    private volatile long changes;

    private volatile long writes;

    StreamPool(Cuda cuda, CudaKernels kernels) {
        this.cuda = cuda;
        this.kernels = kernels;
        cuda.beforeFreeing(() -> flushBut(null));
    }

    private static final class Used extends PhantomReference<Launches> {
        final DeviceStream stream;

        Used(Launches launches, DeviceStream stream, ReferenceQueue<Launches> queue) {
            super(launches, queue);
            this.stream = stream;
        }
    }

    synchronized Launches open() {
        cuda.requireUsable();
        for (var reference = ended.poll(); reference != null; reference = ended.poll()) {
            if (reference instanceof Used end && used.remove(end)) {
                end.stream.release();
                free.add(end.stream);
            }
        }
        DeviceStream stream = free.poll();
        if (stream == null) {
            stream = new DeviceStream(cuda);
            all.add(stream);
        }
        var launches = new Launches(stream, kernels, this);
        used.add(new Used(launches, stream, ended));
        return launches;
    }

    /** The stream has been told to change what others read. */
    synchronized void changed(DeviceStream stream) {
        stream.changed = ++changes;
    }

    /** A tensor that all streams read gets another content. */
    synchronized void written() {
        writes++;
    }

    long changes() {
        return changes;
    }

    long writes() {
        return writes;
    }

    /** What the stream is told next comes after what others have changed. */
    synchronized void order(DeviceStream stream) {
        for (DeviceStream other : all) {
            if (other != stream && other.changed > stream.seen) {
                other.queue.record(other.event);
                stream.queue.waitFor(other.event);
            }
        }
        stream.seen = changes;
    }

    /** Waits until all streams have done what they were told. */
    synchronized void synchronize() {
        for (DeviceStream stream : all) {
            stream.awaitForOthers();
        }
    }

    /** What others were told to read is queued before the stream queues what changes it. */
    void flushBut(DeviceStream stream) {
        for (DeviceStream other : all) {
            if (other != stream) {
                other.flushForLater();
            }
        }
    }
}
