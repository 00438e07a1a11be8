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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The program: runs the command line and ends the JVM with its exit code. */
public final class Main {
    private static final int SECONDS_TO_CLEAN_UP = 10;

    private Main() {}

    /** Runs one command; see {@code tokenwise --help}. */
    public static void main(String[] args) {
        var out = new PrintWriter(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        var err = new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        var finished = new CountDownLatch(1);
        interruptWhenStopped(Thread.currentThread(), finished);
        if (List.of(args).contains("--verbose")) {
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
        }
        int exitCode =
                Tokenwise.commandLine(interruptibleStdin(), out, err, args).execute(args);
        if (out.checkError() && exitCode == 0) {
            err.println("tokenwise: the result cannot be written to stdout");
            exitCode = 1;
        }
        finished.countDown();
        System.exit(exitCode);
    }

    /**
     * On Ctrl-C (and SIGTERM) the JVM runs this hook and then ends with 130 (143). The command is interrupted and given time to
     * remove what it has half written.
     */
    private static void interruptWhenStopped(Thread command, CountDownLatch finished) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            command.interrupt();
            try {
                finished.await(SECONDS_TO_CLEAN_UP, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
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
