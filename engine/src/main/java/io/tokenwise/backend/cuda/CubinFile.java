package io.tokenwise.backend.cuda;

import io.tokenwise.io.AtomicFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a source was compiled to, kept in the folder that the system property {@value #FOLDER} names, if any, with a checksum at its end. Its name has a hash of
 * all that it was made from, and it appears complete or not at all, so that processes may share the folder.
 */
final class CubinFile {
    static final String FOLDER = "tokenwise.cache";
    private static final Logger LOG = LoggerFactory.getLogger(CubinFile.class);
    private static final String PREFIX = "cuda-";
    private static final int HASH_BYTES = 16;

    /** No compiler's version. */
    private static final int AHEAD = 0;

    /** Null if nothing is kept. */
    private final Path file;

    private CubinFile(Path file) {
        this.file = file;
    }

    static CubinFile of(String name, String architecture, String source, List<String> options, int version) {
        return folder().map(folder -> in(folder, name, architecture, source, options, version))
                .orElseGet(() -> new CubinFile(null));
    }

    /** Where files of a device are kept; empty if nothing is. */
    static Optional<Path> folder() {
        String folder = System.getProperty(FOLDER, "");
        return folder.isEmpty() ? Optional.empty() : Optional.of(Path.of(folder));
    }

    private static CubinFile in(
            Path folder, String name, String architecture, String source, List<String> options, int version) {
        String hash = hash(source + "\n" + architecture + " " + options + " " + version);
        return new CubinFile(folder.resolve(PREFIX + "%s-%s-%s.cubin".formatted(name, architecture, hash)));
    }

    /** Of what was compiled ahead, by whichever compiler. */
    static CubinFile ahead(String name, String architecture, String source, List<String> options) {
        return of(name, architecture, source, options, AHEAD);
    }

    /** The same in this folder. */
    static CubinFile aheadIn(Path folder, String name, String architecture, String source, List<String> options) {
        return in(folder, name, architecture, source, options, AHEAD);
    }

    private static String hash(String text) {
        try {
            byte[] all = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(all, 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each Java has SHA-256", e);
        }
    }

    boolean exists() {
        return file != null && Files.isRegularFile(file);
    }

    /** Null if there is none, or it is damaged. */
    byte[] read() {
        if (!exists()) {
            return null;
        }
        try {
            byte[] content = Files.readAllBytes(file);
            int length = content.length - Long.BYTES;
            if (length > 0 && ByteBuffer.wrap(content).getLong(length) == checksum(content, length)) {
                return Arrays.copyOf(content, length);
            }
            LOG.warn("{} is damaged and not used", file);
        } catch (IOException e) {
            LOG.warn("{} is not used: {}", file, e.getMessage());
        }
        return null;
    }

    /** As far as it can be written: without it all is compiled anew the next time. */
    void write(byte[] image) {
        if (file == null) {
            return;
        }
        try {
            writeAll(image);
        } catch (IOException e) {
            LOG.info("{} is not kept for the next time: {}", file, e.getMessage());
        }
    }

    void writeAll(byte[] image) throws IOException {
        Files.createDirectories(file.getParent());
        AtomicFiles.deleteOldLeftovers(file.getParent(), PREFIX);
        byte[] content = Arrays.copyOf(image, image.length + Long.BYTES);
        ByteBuffer.wrap(content).putLong(image.length, checksum(image, image.length));
        AtomicFiles.write(file, out -> out.write(content));
    }

    private static long checksum(byte[] content, int length) {
        var checksum = new CRC32C();
        checksum.update(content, 0, length);
        return checksum.getValue();
    }

    @Override
    public String toString() {
        return String.valueOf(file);
    }
}
