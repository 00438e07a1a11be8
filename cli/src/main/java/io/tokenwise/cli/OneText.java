package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.LineFile;
import io.tokenwise.io.TextLines;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The text that a command is about: what stands behind it, a file, or what comes in. */
final class OneText {
    /** Whatever lines it has. */
    static final String WHAT = "a text";

    /** Tokens' places and what a model says of them take some hundred bytes for each char. */
    private static final int MOST_BYTES = 4 << 20;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "TEXT", description = "The text (default: --file, else stdin).")
    private String text;

    @Option(names = "--file", paramLabel = "FILE", description = "A file with the text, UTF-8, also .gz.")
    private Path file;

    /**
     * Reads it.
     *
     * @throws BadFileException if there is too much of it, or it is not UTF-8
     */
    String read(InputStream stdin) throws IOException {
        if (text != null && file != null) {
            throw new ParameterException(spec.commandLine(), "give a text or --file, not both");
        }
        if (text != null) {
            return text;
        }
        String name = file == null ? "stdin" : file.toString();
        try (InputStream in = open(stdin)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new BadFileException(name, "is larger than " + MOST_BYTES + " bytes; give its parts one by one");
            }
            String read = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return LineFile.withoutMark(read);
        } catch (CharacterCodingException e) {
            throw new BadFileException(name, "is not UTF-8", e);
        }
    }

    /** Its lines, where each is a text of its own. */
    TextLines lines(InputStream in) {
        if (text != null) {
            throw new ParameterException(
                    spec.commandLine(), "--lines is for --file and stdin, not for a text behind the command");
        }
        return new TextLines(in);
    }

    /** The file, or what comes in. */
    InputStream open(InputStream stdin) throws IOException {
        return file == null ? stdin : LineFile.open(file);
    }
}
