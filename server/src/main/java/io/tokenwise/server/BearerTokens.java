package io.tokenwise.server;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokens that requests may carry, from a file with one a line; empty lines and those that begin with {@code #} do not count. The file is read again
 * once it has changed, so that tokens are added and taken back without a restart. Thread-safe.
 */
final class BearerTokens {
    private static final Logger LOG = LoggerFactory.getLogger(BearerTokens.class);
    private static final String SCHEME = "bearer ";

    /** Shorter ones can be guessed. */
    private static final int LEAST_LENGTH = 16;

    /** How often the file is looked at, at most. */
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final Set<PosixFilePermission> OTHERS = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    private final Path file;

    /** Of digests all have one length, so that comparing says nothing of the tokens'. */
    private volatile List<byte[]> digests;

    private FileTime read;
    private long lookedNanos = System.nanoTime();

    /**
     * Reads the file.
     *
     * @throws IllegalArgumentException if it cannot be read, has no token, or one that is short
     */
    BearerTokens(Path file) {
        this.file = file;
        try {
            read = Files.getLastModifiedTime(file);
            digests = digests(file);
            warnOfOthers(file);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException("the file of tokens (--token-file) " + file + ": " + fact(e), e);
        }
    }

    /** What is wrong with the file, without its name. */
    private static String fact(Exception e) {
        return switch (e) {
            case NoSuchFileException _ -> "is not there, must be a file with one token a line";
            case AccessDeniedException _ -> "may not be read by this user, who runs the server: chown it";
            default -> e.getMessage();
        };
    }

    /** Whether a request with this header may go on. */
    boolean allow(String authorization) {
        lookAgain();
        if (authorization == null || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return false;
        }
        byte[] given = digest(authorization.substring(SCHEME.length()).strip());
        boolean found = false;
        for (byte[] digest : digests) {
            // All are compared, so that time does not say which one it was.
            found |= MessageDigest.isEqual(digest, given);
        }
        return found;
    }

    /** What is bad now leaves the tokens that were good. */
    private synchronized void lookAgain() {
        if (System.nanoTime() - lookedNanos < LOOK_NANOS) {
            return;
        }
        lookedNanos = System.nanoTime();
        try {
            FileTime changed = Files.getLastModifiedTime(file);
            if (!changed.equals(read)) {
                read = changed;
                digests = digests(file);
                LOG.info("{}: read again", file);
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("{}: cannot be read again, the tokens stay as they were: {}", file, fact(e));
        }
    }

    private static List<byte[]> digests(Path file) throws IOException {
        var digests = new ArrayList<byte[]>();
        for (String line : lines(file)) {
            String token = line.strip();
            if (token.isEmpty() || token.startsWith("#")) {
                continue;
            }
            if (token.length() < LEAST_LENGTH) {
                throw new IllegalArgumentException(
                        "a token has " + token.length() + " characters, must have at least " + LEAST_LENGTH);
            }
            digests.add(digest(token));
        }
        if (digests.isEmpty()) {
            throw new IllegalArgumentException("has no token, must have one a line");
        }
        return List.copyOf(digests);
    }

    private static List<String> lines(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IllegalArgumentException("is a folder, must be a file with one token a line");
        }
        try {
            return Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("is no text in UTF-8, must have one token a line", e);
        }
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static void warnOfOthers(Path file) throws IOException {
        var view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
        if (view != null && view.readAttributes().permissions().stream().anyMatch(OTHERS::contains)) {
            LOG.warn("{}: others can read the tokens: chmod 600 it", file);
        }
    }
}
