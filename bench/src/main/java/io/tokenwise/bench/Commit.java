package io.tokenwise.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Which sources a figure was measured with. */
final class Commit {
    /** What a folder that was made from sources says. */
    static final String PROPERTY = "tokenwise.commit";

    private Commit() {}

    /** The commit that is checked out in the working directory, with {@code +} if something differs from it; {@code unknown} where there is none. */
    static String name() {
        String told = System.getProperty(PROPERTY, "");
        if (!told.isEmpty()) {
            return told;
        }
        String commit = git("rev-parse", "--short=10", "HEAD");
        return commit.isEmpty()
                ? "unknown"
                : commit + (git("status", "--porcelain", "--untracked-files=no").isEmpty() ? "" : "+");
    }

    private static String git(String... arguments) {
        var command = new ArrayList<String>();
        command.add("git");
        command.addAll(List.of(arguments));
        try {
            Process git = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String output = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return git.waitFor() == 0 ? output : "";
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
