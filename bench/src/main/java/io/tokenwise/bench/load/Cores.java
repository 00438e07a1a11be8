package io.tokenwise.bench.load;

import java.io.IOException;
import java.util.List;

/** Who runs where: the server and the generator have a core each, or the generator's work would be charged to the server. */
final class Cores {
    static final String SERVER = "0";
    static final String GENERATOR = "1";

    private Cores() {}

    /** @throws IOException if this machine has not two cores, or no {@code taskset} */
    static void pinThisProcess() throws IOException, InterruptedException {
        if (Runtime.getRuntime().availableProcessors() < 2) {
            throw new IOException("bench load needs two cores: one for the server, one for the generator");
        }
        Process pin = new ProcessBuilder(
                        "taskset",
                        "-acp",
                        GENERATOR,
                        String.valueOf(ProcessHandle.current().pid()))
                .redirectErrorStream(true)
                .start();
        String said = new String(pin.getInputStream().readAllBytes());
        if (pin.waitFor() != 0) {
            throw new IOException("taskset failed: " + said.strip());
        }
    }

    /** A command that runs on the server's core. */
    static List<String> onServersCore() {
        return List.of("taskset", "-c", SERVER);
    }
}
