package io.tokenwise.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Files of a package that are kept, and what they must be. They are pinned rather than their package, because Debian's packages come in new versions
 * with the same files.
 *
 * @param folder where they lie in the package
 * @param files a glob for their paths below that folder, which they keep
 * @param sha256 of the file; for a glob with a wildcard of the list of all of them, as {@code sha256sum} prints it, sorted by path
 */
record Kept(String folder, String files, String sha256) {
    /** Moves them out of the package, below another folder. */
    void move(Path unpacked, Path destination) throws IOException {
        Path from = unpacked.resolve(folder);
        for (String file : in(from)) {
            Path to = destination.resolve(file);
            Files.createDirectories(to.getParent());
            Files.move(from.resolve(file), to);
        }
    }

    /** What is wrong with them below the folder that they were moved to; empty if nothing is. */
    Optional<String> fault(Path kept) throws IOException {
        List<String> found = in(kept);
        if (found.isEmpty()) {
            return Optional.of(files + " is missing");
        }
        String hash = files.contains("*") ? hashOfList(kept, found) : hash(kept.resolve(files));
        return hash.equals(sha256)
                ? Optional.empty()
                : Optional.of(files + " has the SHA-256 " + hash + ", not " + sha256);
    }

    private List<String> in(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        var wanted = FileSystems.getDefault().getPathMatcher("glob:" + files);
        try (var all = Files.walk(root)) {
            return all.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .map(root::relativize)
                    .filter(wanted::matches)
                    .map(file -> file.toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static String hashOfList(Path root, List<String> files) throws IOException {
        MessageDigest digest = sha256Digest();
        for (String file : files) {
            digest.update((hash(root.resolve(file)) + "  " + file + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static String hash(Path file) throws IOException {
        MessageDigest digest = sha256Digest();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256Digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
