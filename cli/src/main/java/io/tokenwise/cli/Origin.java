package io.tokenwise.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** A package in a registry, and how the registry's ordinary client brings it. Coordinates are written as that client wants them. */
sealed interface Origin {
    String registry();

    String coordinates();

    /** What must be there for {@link #bring} to succeed, in words. */
    String needs();

    /** Puts the package's files into an empty folder. */
    void bring(Path folder, Programs programs) throws IOException, InterruptedException;

    /**
     * A jar, without what it depends on.
     *
     * @param goal of Maven's dependency plugin: {@code copy} leaves the jar, {@code unpack} what is in it
     */
    record Maven(String goal, String coordinates) implements Origin {
        @Override
        public String registry() {
            return "Maven";
        }

        @Override
        public String needs() {
            return "Maven 3.9 and a network are needed";
        }

        @Override
        public void bring(Path folder, Programs programs) throws IOException, InterruptedException {
            programs.run(
                    folder,
                    "mvn",
                    "--batch-mode",
                    "--quiet",
                    "dependency:" + goal,
                    "-Dartifact=" + coordinates,
                    "-DoutputDirectory=" + folder);
        }
    }

    /**
     * A zip that lies in a jar.
     *
     * @param zip its path in the jar, beside whose files its own are put
     */
    record MavenZip(Maven jar, String zip) implements Origin {
        @Override
        public String registry() {
            return jar.registry();
        }

        @Override
        public String coordinates() {
            return jar.coordinates();
        }

        @Override
        public String needs() {
            return jar.needs();
        }

        @Override
        public void bring(Path folder, Programs programs) throws IOException, InterruptedException {
            jar.bring(folder, programs);
            unzip(folder.resolve(zip), folder);
            Files.delete(folder.resolve(zip));
        }

        private static void unzip(Path zip, Path folder) throws IOException {
            try (var archive = new ZipFile(zip.toFile())) {
                for (ZipEntry entry : Collections.list(archive.entries())) {
                    Path file = folder.resolve(entry.getName()).normalize();
                    if (!file.startsWith(folder)) {
                        throw new IOException("its zip holds " + entry.getName() + ", which lies outside");
                    }
                    if (!entry.isDirectory()) {
                        Files.createDirectories(file.getParent());
                        try (InputStream in = archive.getInputStream(entry)) {
                            Files.copy(in, file);
                        }
                    }
                }
            }
        }
    }

    /** A package of npm; none of its scripts runs. */
    record Npm(String coordinates) implements Origin {
        @Override
        public String registry() {
            return "npm";
        }

        @Override
        public String needs() {
            return "npm, tar and a network are needed";
        }

        @Override
        public void bring(Path folder, Programs programs) throws IOException, InterruptedException {
            programs.run(folder, "npm", "pack", "--ignore-scripts", "--loglevel=error", coordinates);
            programs.run(folder, "tar", "-xzf", onlyFile(folder));
        }
    }

    /** A package of Debian, in the version that this system's sources have; it is not installed. */
    record Debian(String coordinates) implements Origin {
        @Override
        public String registry() {
            return "Debian";
        }

        @Override
        public String needs() {
            return "Debian or Ubuntu with up-to-date lists of packages (apt-get update) and a network are needed";
        }

        @Override
        public void bring(Path folder, Programs programs) throws IOException, InterruptedException {
            programs.run(folder, "apt-get", "-q", "download", coordinates);
            programs.run(folder, "dpkg-deb", "-x", onlyFile(folder), ".");
        }
    }

    /** The archive that a client has left, by its name: it says nothing of the name that it chose. */
    private static String onlyFile(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .reduce((one, other) -> one + " " + other)
                    .orElseThrow(() -> new IOException("the client has left no file"));
        }
    }
}
