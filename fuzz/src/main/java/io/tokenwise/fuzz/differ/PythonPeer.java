package io.tokenwise.fuzz.differ;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A script in Python that reads one file after the other ({@code fuzz/peers/peer.py}). */
final class PythonPeer implements Peer {
    /** What apt-get installs only the system's own knows. */
    private static final List<String> PYTHONS = List.of("python3", "/usr/bin/python3");

    private final Process process;
    private final DataOutputStream files;
    private final DataInputStream answers;
    private final String version;

    private PythonPeer(List<String> command) throws IOException {
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

    /**
     * Starts the first Python that has what the script imports.
     *
     * @param missing what that is, and how to install it
     * @param arguments the script's
     */
    static Peer start(Path script, String missing, String... arguments) {
        for (String python : PYTHONS) {
            try {
                return new PythonPeer(Stream.concat(Stream.of(python, script.toString()), Stream.of(arguments))
                        .toList());
            } catch (IOException _) {
                // There is no such Python, or it cannot import something.
            }
        }
        throw new MissingPeerException(missing);
    }

    @Override
    public String version() {
        return version;
    }

    @Override
    public Answer read(byte[] file) throws IOException {
        files.writeInt(file.length);
        files.write(file);
        files.flush();
        try {
            return answer();
        } catch (EOFException e) {
            throw new IOException(version + " ended while it read a file", e);
        }
    }

    private Answer answer() throws IOException {
        boolean refused = answers.readBoolean();
        return new Answer(refused, answers.readNBytes(answers.readInt()));
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
