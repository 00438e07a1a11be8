package io.tokenwise.bench.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A process that wants all of the server's core, and so gets half of it, until it is closed. */
final class NoisyNeighbour implements AutoCloseable {
    private final Process process;

    NoisyNeighbour() throws IOException {
        var command = new ArrayList<>(Cores.onServersCore());
        command.addAll(List.of("sh", "-c", "while :; do :; done"));
        process = new ProcessBuilder(command).start();
    }

    /** In that time of a load, on a thread of its own; closed by the time the thread ends. */
    static Thread during(double fromSeconds, double seconds) {
        return Thread.ofVirtual().start(() -> {
            try {
                Thread.sleep((long) (fromSeconds * 1e3));
                try (var _ = new NoisyNeighbour()) {
                    Thread.sleep((long) (seconds * 1e3));
                }
            } catch (IOException e) {
                throw new IllegalStateException("the noisy neighbour does not start", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
