package io.tokenwise.fuzz.differ;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Another program that reads a kind of file: a process that reads one file after the other ({@code fuzz/peers/peer.py} says how it is asked). One
 * that dies of a file has refused it, and is replaced.
 */
final class Peer implements AutoCloseable {
    /** What apt-get installs only the system's own knows. */
    private static final List<String> PYTHONS = List.of("python3", "/usr/bin/python3");

    private final List<String> command;
    private Process process;
    private DataOutputStream files;
    private DataInputStream answers;
    private String version;

    private Peer(List<String> command) throws IOException {
        this.command = command;
        start();
    }

    /** Starts one. */
    interface Starter {
        /** @throws MissingPeerException if it is not installed here */
        Peer start() throws IOException;
    }

    /**
     * Starts the first Python that has what a script imports.
     *
     * @param missing what that is, and how to install it
     * @param arguments the script's
     */
    static Peer python(Path script, String missing, String... arguments) {
        for (String python : PYTHONS) {
            var command = new ArrayList<>(List.of(python, script.toString()));
            command.addAll(List.of(arguments));
            try {
                return new Peer(command);
            } catch (IOException _) {
                // There is no such Python, or it cannot import something.
            }
        }
        throw new MissingPeerException(missing);
    }

    /** Starts a JVM: some libraries end the one that they are in. */
    static Peer java(Class<?> main) throws IOException {
        return new Peer(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-Xmx512m",
                // Of a death there is nothing more to know.
                "-XX:ErrorFile=/dev/null",
                "-XX:-CreateCoredumpOnCrash",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    }

    private void start() throws IOException {
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        files = new DataOutputStream(process.getOutputStream());
        answers = new DataInputStream(process.getInputStream());
        try {
            version = answer().text();
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Names and versions of all that has a part in it. */
    String version() {
        return version;
    }

    /** What it says of a file. */
    Answer read(byte[] file) throws IOException {
        files.writeInt(file.length);
        files.write(file);
        files.flush();
        try {
            return answer();
        } catch (EOFException _) {
            close();
            int code = process.exitValue();
            start();
            return Answer.refusal("it died of it, with exit code " + code);
        }
    }

    private Answer answer() throws IOException {
        boolean refused = answers.readBoolean();
        byte[] content = new byte[answers.readInt()];
        answers.readFully(content);
        return new Answer(refused, content);
    }

    /** It ends by itself where its files end. */
    @Override
    public void close() {
        try {
            files.close();
        } catch (IOException _) {
            // It has ended already.
        }
        process.onExit().join();
    }
}
