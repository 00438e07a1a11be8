package io.tokenwise.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server in a JVM of its own, on a core of its own: {@link ServerMain} with the given arguments. Close stops it as an operator would, by SIGTERM. */
final class ServedProcess implements AutoCloseable {
    private static final String READY = "listening on ";
    private static final long STOP_SECONDS = 60;

    private final Process process;
    private final BufferedReader says;
    private final int port;

    ServedProcess(List<String> arguments) throws IOException {
        var command = new ArrayList<>(Cores.onServersCore());
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), ServerMain.class.getName()));
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        says = process.inputReader();
        try {
            port = port(says.readLine());
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static int port(String line) throws IOException {
        if (line == null || !line.startsWith(READY)) {
            throw new IOException("the server did not start" + (line == null ? "" : ": " + line));
        }
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }

    int port() {
        return port;
    }

    long pid() {
        return process.pid();
    }

    /** A measurement that it makes itself, by the library. */
    double ask(String measurement) throws IOException {
        process.outputWriter().write(measurement + "\n");
        process.outputWriter().flush();
        String answer = says.readLine();
        if (answer == null) {
            throw new IOException("the server has ended");
        }
        return Double.parseDouble(answer);
    }

    /** Asks it to stop; what it has accepted it answers first. */
    void terminate() {
        process.destroy();
    }

    /** Its exit code. */
    int await() throws InterruptedException, IOException {
        if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("the server does not stop");
        }
        return process.exitValue();
    }

    @Override
    public void close() throws IOException {
        terminate();
        try {
            await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
            says.close();
        }
    }
}
