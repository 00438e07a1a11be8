package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.Arguments;
import io.tokenwise.natives.cuda.CuGraph;
import io.tokenwise.natives.cuda.CuGraphExec;
import io.tokenwise.natives.cuda.CuStream;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaException;

/**
 * The graphs of one stream: a list of launches that comes a second time becomes one, and runs as one from then on, which spares the CPU some microseconds for each launch. A graph stands
 * only for a list that is its own, byte for byte, addresses included; so it cannot name memory that the list does not.
 *
 * <p>Words are addresses, grids and what follows from the model, all of which depend on sizes rounded up alone ({@link Bucket}: rows, sequences, blocks of the longest), while blocks read the
 * exact numbers on the device; so forwards whose sizes have the same buckets are the same list. What the host chooses besides them may still differ, such as gates that all rows are
 * told the same; that gives another list, never a wrong one. Lists are remembered up to {@value #MOST}; of more, the one that was not told for the longest time is forgotten, with its graph.
 */
final class KeptGraphs {
    /** Single texts of up to 512 tokens have 28, which leaves as many for batches and other budgets. A guess: what a graph takes of a card's memory is not measured. */
    static final int MOST = 64;

    /** Fewer launches cost hardly more than a graph. A guess, not measured. */
    private static final int LEAST = 4;

    private final Cuda cuda;
    private final Arguments arguments;
    private final boolean isAllowed = !"false".equals(System.getProperty(CudaBackend.GRAPHS));
    private final Kept[] all = new Kept[MOST];
    private int count;
    private long clock;
    private long arrived;

    /** Made with the first graph. Nothing else is queued here, so that nothing of another thread gets into a graph. */
    private CuStream captured;

    KeptGraphs(Cuda cuda, Arguments arguments) {
        this.cuda = cuda;
        this.arguments = arguments;
    }

    /** A list that came; its graph and content are null before it comes again, and stay so if the device has no memory for it. */
    private static final class Kept {
        long hash;
        long used;
        boolean isRefused;
        LaunchList.Content content;
        CuGraphExec graph;

        boolean isOf(LaunchList list) {
            return graph != null && list.is(content);
        }
    }

    /** What does the same as the list, or null if it is to be launched one by one. */
    CuGraphExec graph(LaunchList list) {
        if (!isAllowed || list.count() < LEAST) {
            return null;
        }
        long hash = list.hash();
        Kept kept = find(hash);
        if (kept == null) {
            remember(hash);
            return null;
        }
        kept.used = ++clock;
        if (kept.graph == null && !kept.isRefused) {
            make(kept, list);
        }
        return kept.isOf(list) ? kept.graph : null;
    }

    private Kept find(long hash) {
        for (int i = 0; i < count; i++) {
            if (all[i].hash == hash) {
                return all[i];
            }
        }
        return null;
    }

    private void remember(long hash) {
        Kept kept;
        if (count < MOST) {
            kept = new Kept();
            all[count++] = kept;
        } else {
            kept = oldest();
            if (kept.used > arrived) {
                // It may be running.
                return;
            }
            forget(kept);
        }
        kept.hash = hash;
        kept.used = ++clock;
    }

    private Kept oldest() {
        Kept oldest = all[0];
        for (Kept kept : all) {
            if (kept.used < oldest.used) {
                oldest = kept;
            }
        }
        return oldest;
    }

    private static void forget(Kept kept) {
        if (kept.graph != null) {
            kept.graph.close();
        }
        kept.graph = null;
        kept.content = null;
        kept.isRefused = false;
    }

    private void make(Kept kept, LaunchList list) {
        try {
            if (captured == null) {
                captured = cuda.stream();
            }
            kept.graph = capture(list);
            kept.content = list.content();
        } catch (CudaException e) {
            if (!e.isOutOfMemory()) {
                throw e;
            }
            kept.isRefused = true;
        }
    }

    private CuGraphExec capture(LaunchList list) {
        try {
            captured.beginCapture();
            list.launchOn(captured, arguments);
            try (CuGraph graph = captured.endCapture()) {
                return graph.instantiate();
            }
        } catch (Throwable e) {
            captured.abandonCapture();
            throw e;
        }
    }

    /** The stream has done all that it was told. */
    void arrived() {
        arrived = clock;
    }
}
