package io.tokenwise.cli;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Programs of this machine, run as child processes whose output nobody sees.
 *
 * @param path folders that hold them, written as in the environment variable PATH
 */
record Programs(String path) {
    /**
     * How Maven, npm, apt-get, tar and others mark a line that tells of an error. Of these the first with three words or more is the cause: npm's
     * codes come before it, and advice after it.
     */
    private static final Pattern ERROR = Pattern.compile(
            "^(?:\\[ERROR]|npm (?:error|ERR!)|E:|[\\w-]+: error:|(?:/\\S+/)?tar:)\\s+(\\S+ \\S+ \\S.*?)(?: -> \\[Help 1])?$",
            Pattern.MULTILINE);

    private static final Duration MOST_AFTER_ITS_END = Duration.ofSeconds(2);

    /**
     * Runs one to its end. What it says goes through a pipe: on a full disk a file would not have the reason.
     *
     * @param folder where it works
     * @param command its name and arguments
     * @throws IOException if it is not there or fails, with what it says of that
     * @throws InterruptedException if this thread is interrupted; then the program has been killed, and those that it has started
     */
    void run(Path folder, String... command) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.command().set(0, find(command[0]).toString());
        builder.environment().put("PATH", path);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        var said = new ByteArrayOutputStream();
        Thread reader =
                Thread.ofPlatform().daemon().name("output of " + command[0]).start(() -> read(process, said));
        int code;
        try {
            process.getOutputStream().close();
            code = process.waitFor();
        } finally {
            kill(process);
        }
        if (code != 0) {
            // A program that it has left behind would hold the pipe open.
            reader.join(MOST_AFTER_ITS_END);
            throw new IOException(command[0] + " failed: "
                    + cause(said.toString(StandardCharsets.UTF_8).strip()));
        }
    }

    private static void read(Process process, OutputStream to) {
        try (InputStream said = process.getInputStream()) {
            said.transferTo(to);
        } catch (IOException _) {
            // What came until then is there.
            return;
        }
    }

    private Path find(String name) throws IOException {
        return Stream.of(path.split(File.pathSeparator))
                .map(folder -> Path.of(folder, name).toAbsolutePath())
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst()
                .orElseThrow(() -> new IOException("there is no " + name + " on the PATH"));
    }

    private static String cause(String text) {
        return ERROR.matcher(text)
                .results()
                .map(line -> line.group(1))
                .findFirst()
                .or(() -> text.lines().reduce((_, last) -> last))
                .orElse("it does not say why");
    }

    /** Waits for their end too, because until then they write files. */
    private static void kill(Process process) {
        List<ProcessHandle> all = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(one -> one.onExit().join());
    }
}
