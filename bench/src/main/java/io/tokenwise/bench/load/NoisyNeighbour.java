package io.tokenwise.bench.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** A process that wants all of the server's core, and so gets half of it. */
final class NoisyNeighbour {
    /** It ends with us, however we end: it would else disturb whatever is measured next. */
    private static final List<String> BUSY = List.of("sh", "-c", "while kill -0 $PPID; do :; done");

    private NoisyNeighbour() {}

    /** In that time from now. The future ends with it, and fails if the neighbour was not there throughout. */
    static Future<Void> during(double fromSeconds, double seconds) {
        var command = new ArrayList<>(Cores.onServersCore());
        command.addAll(BUSY);
        return during(command, fromSeconds, seconds);
    }

    /** The same of any process. */
    static Future<Void> during(List<String> command, double fromSeconds, double seconds) {
        var time = new FutureTask<Void>(() -> {
            Thread.sleep((long) (fromSeconds * 1e3));
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                if (process.waitFor((long) (seconds * 1e3), TimeUnit.MILLISECONDS)) {
                    throw new IOException(String.join(" ", command) + " ended with " + process.exitValue());
                }
            } finally {
                process.destroyForcibly();
            }
            return null;
        });
        Thread.ofVirtual().start(time);
        return time;
    }
}
