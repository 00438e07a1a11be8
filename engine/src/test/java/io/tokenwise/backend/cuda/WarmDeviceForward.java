package io.tokenwise.backend.cuda;

import com.sun.management.ThreadMXBean;
import io.tokenwise.AllocationSites;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;

/**
 * A program that runs forwards on the simulated device until 50 in a row allocate next to nothing on the heap, and no object for a launch, or so often that the compiler must have seen
 * everything; then it prints how much they still do, and where. The arguments are the folder of a model and one for scratch files.
 */
final class WarmDeviceForward {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int FORWARDS = 50;

    /** For each forward, of 24 to 40 launches here: 72 were measured, whatever the launches. */
    private static final int MOST_BYTES = 100;

    private static final int ROUNDS = 60;
    private static final List<Budget> BUDGETS =
            List.of(Budget.FULL, Budget.flops(0.5), Budget.fixed(0.25), Budget.hard(0.5));

    private WarmDeviceForward() {}

    public static void main(String[] args) throws IOException, CudaUnavailableException {
        FakeDevice.start();
        try (CudaBackend device = CudaBackend.open(Precision.F32);
                ModelFiles files = Models.open(Path.of(args[0]));
                Encoder encoder = Encoder.load(files, device);
                var sessions = new Sessions(encoder, device, 64, 1)) {
            // One goes up in place of the other.
            var first = TokenBatch.of(new int[] {101, 7, 102}, new int[] {101, 102});
            var second = TokenBatch.of(new int[] {101, 102}, new int[] {101, 8, 102});
            var vectors = new float[first.sequences() * encoder.hidden()];
            Runnable round = () -> {
                for (int i = 0; i < FORWARDS; i++) {
                    Budget budget = BUDGETS.get(i % BUDGETS.size());
                    sessions.encode(i % 2 == 0 ? first : second, budget, null, vectors);
                }
            };
            long least = Long.MAX_VALUE;
            for (int i = 0; i < ROUNDS && least > FORWARDS * MOST_BYTES; i++) {
                long before = THREADS.getCurrentThreadAllocatedBytes();
                round.run();
                least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
            }
            if (least > FORWARDS * MOST_BYTES) {
                System.out.println(FORWARDS + " forwards still allocate " + least + " bytes after " + ROUNDS
                        + " rounds\n" + AllocationSites.of(round, Path.of(args[1])));
            }
        }
    }
}
