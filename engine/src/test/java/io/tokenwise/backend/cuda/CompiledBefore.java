package io.tokenwise.backend.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has passed a compile gate: a line for each text of kernels, target and compiler. A compiler makes the same of the same text, so that the gates leave it out, unless
 * {@code -Dtokenwise.long=true}, which is for a gate that asks something new. What is not in the list they compile, and say the line that it wants.
 */
final class CompiledBefore {
    private static final Logger LOG = LoggerFactory.getLogger(CompiledBefore.class);

    private static final String LIST = "compiled-before.sha256";

    private static final boolean ALL = Boolean.getBoolean("tokenwise.long");

    private final Set<String> lines;

    /** What makes something else of a text if it is another one. */
    private final String compiler;

    /** @param compiler its name, its version and what it is told */
    CompiledBefore(String compiler) {
        this.compiler = compiler;
        try (InputStream in = CompiledBefore.class.getResourceAsStream(LIST)) {
            lines = new String(in.readAllBytes(), UTF_8).lines().collect(Collectors.toSet());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Which of these targets a file is to be compiled for. */
    List<String> left(String file, List<String> targets) {
        return targets.stream()
                .filter(target -> ALL || !lines.contains(line(file, target)))
                .toList();
    }

    /** A file has passed for a target that was left. */
    void passed(String file, String target) {
        String line = line(file, target);
        if (!lines.contains(line)) {
            LOG.info("compiled, and would be each time: {} wants the line {}", LIST, line);
        }
    }

    private String line(String file, String target) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(KernelSources.text(file).getBytes(UTF_8));
            return HexFormat.of().formatHex(hash) + "  " + file + ".cu " + target + " " + compiler;
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
