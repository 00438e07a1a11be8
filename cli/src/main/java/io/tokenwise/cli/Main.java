package io.tokenwise.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The program: runs the command line and ends the JVM with its exit code. */
public final class Main {
    private static final int SECONDS_TO_CLEAN_UP = 10;

    /** Longer than {@code serve} takes at most to answer what it has accepted. */
    private static final int SECONDS_TO_ANSWER = 90;

    private Main() {}

    /** Runs one command; see {@code tokenwise --help}. */
    public static void main(String[] args) {
        var out = new PrintWriter(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        var err = new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        var finished = new CompletableFuture<Integer>();
        boolean serves = args.length > 0 && args[0].equals("serve");
        interruptWhenStopped(Thread.currentThread(), finished, serves ? SECONDS_TO_ANSWER : SECONDS_TO_CLEAN_UP);
        if (List.of(args).contains("--verbose")) {
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
        }
        if (serves) {
            // Here, as it is read with the first logger.
            System.setProperty("org.slf4j.simpleLogger.showDateTime", "true");
        }
        // The script knows whether stdin is a terminal; Java can only tell of stdin and stdout together.
        boolean typed = Boolean.getBoolean("tokenwise.terminal.in");
        int exitCode = Tokenwise.commandLine(interruptibleStdin(), typed, out, err, args)
                .execute(args);
        if (out.checkError() && exitCode == 0) {
            err.println("tokenwise: the result cannot be written to stdout");
            exitCode = 1;
        }
        finished.complete(exitCode);
        System.exit(exitCode);
    }

    /**
     * On Ctrl-C (and SIGTERM) the JVM runs this hook and then ends with 130 (143). The command is interrupted and given time to
     * remove what it has half written, or to finish what it has begun: one that says it is done, as a server does, ends the JVM with 0.
     */
    private static void interruptWhenStopped(Thread command, CompletableFuture<Integer> finished, int seconds) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (finished.isDone()) {
                return;
            }
            command.interrupt();
            try {
                if (finished.get(seconds, TimeUnit.SECONDS) == 0) {
                    // The only way to another exit code from here.
                    Runtime.getRuntime().halt(0);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException e) {
                // It takes too long: the JVM ends without it.
            }
        }));
    }

    /** Reading from {@link System#in} cannot be interrupted; reading from its file's channel can. */
    private static InputStream interruptibleStdin() {
        var channel = new FileInputStream(FileDescriptor.in).getChannel();
        return new FilterInputStream(Channels.newInputStream(channel)) {
            @Override
            public int available() throws IOException {
                return System.in.available();
            }
        };
    }
}
