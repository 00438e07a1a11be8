package io.tokenwise.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
     * How Maven, npm, apt-get and others mark a line that tells of an error. Of these the first with three words or more is the cause: npm's
     * codes come before it, and advice after it.
     */
    private static final Pattern ERROR = Pattern.compile(
            "^(?:\\[ERROR]|npm (?:error|ERR!)|E:|[\\w-]+: error:)\\s+(\\S+ \\S+ \\S.*?)(?: -> \\[Help 1])?$",
            Pattern.MULTILINE);

    /**
     * Runs one to its end.
     *
     * @param folder where it works; its output goes to a file beside that
     * @param command its name and arguments
     * @throws IOException if it is not there or fails, with what it says of that
     * @throws InterruptedException if this thread is interrupted; then the program has been killed, and those that it has started
     */
    void run(Path folder, String... command) throws IOException, InterruptedException {
        Path output = folder.resolveSibling(folder.getFileName() + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.command().set(0, find(command[0]).toString());
        builder.environment().put("PATH", path);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            if (process.waitFor() != 0) {
                throw new IOException(command[0] + " failed: " + cause(output));
            }
        } finally {
            kill(process);
        }
    }

    private Path find(String name) throws IOException {
        return Stream.of(path.split(File.pathSeparator))
                .map(folder -> Path.of(folder, name).toAbsolutePath())
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst()
                .orElseThrow(() -> new IOException("there is no " + name + " on the PATH"));
    }

    private static String cause(Path output) throws IOException {
        String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8).strip();
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
