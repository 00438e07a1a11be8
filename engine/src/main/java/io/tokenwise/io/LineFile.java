package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A file from outside that is read line by line, UTF-8, decompressed if its name ends with {@code .gz}; what is wrong is told by file
 * and line. For one thread.
 */
public final class LineFile implements AutoCloseable {
    /** A book has a megabyte; models read some hundred words of it. */
    public static final int MOST_BYTES = 16 << 20;

    /** What some programs put before UTF-8. */
    public static final String BYTE_ORDER_MARK = "\ufeff";

    /** How names of compressed files end. */
    public static final String COMPRESSED = ".gz";

    private static final int BUFFER_BYTES = 1 << 16;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();

    private final Path path;
    private final InputStream in;
    private final TextLines lines;
    private long number;

    public LineFile(Path path) throws IOException {
        this.path = path;
        in = open(path);
        lines = new TextLines(in, path.toString(), MOST_BYTES);
    }

    /** The content of a file, decompressed if its name, in small letters or capitals, says that it is compressed. */
    public static InputStream open(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            throw new BadFileException(path.toString(), "is a directory, a file is needed");
        }
        InputStream in = Files.newInputStream(path);
        if (!path.toString().toLowerCase(Locale.ROOT).endsWith(COMPRESSED)) {
            return in;
        }
        try {
            return new GZIPInputStream(in, BUFFER_BYTES);
        } catch (IOException e) {
            in.close();
            throw new BadFileException(path.toString(), "is not gzip, though its name ends with " + COMPRESSED, e);
        }
    }

    /** What a file says: its text, or its first line, without the byte order mark that may stand before it. */
    public static String withoutMark(String text) {
        return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    }

    /** The next line that is not blank; null at the end. */
    public String next() throws IOException {
        while (true) {
            List<String> line = read();
            if (line.isEmpty()) {
                return null;
            }
            number++;
            if (!line.getFirst().isBlank()) {
                return line.getFirst();
            }
        }
    }

    private List<String> read() throws IOException {
        try {
            return lines.next(1);
        } catch (EOFException | ZipException e) {
            throw damaged(path, e);
        }
    }

    /** What decompressing says of a file that was cut or changed. */
    public static BadFileException damaged(Path path, IOException failure) {
        return new BadFileException(path.toString(), "is damaged: " + failure.getMessage(), failure);
    }

    /** The next line, which must be a JSON object; null at the end. */
    public JsonNode nextObject() throws IOException {
        String line = next();
        if (line == null) {
            return null;
        }
        try {
            JsonNode object = MAPPER.readTree(line);
            if (object.isObject()) {
                return object;
            }
        } catch (JacksonException e) {
            throw bad("is not valid JSON: "
                    + e.getOriginalMessage().lines().findFirst().orElse(""));
        }
        throw bad("must be a JSON object");
    }

    /** A field of an object of this line that must be a string. */
    public String text(JsonNode object, String field) {
        JsonNode value = object.path(field);
        if (!value.isString()) {
            throw bad(value.isMissingNode() ? "has no field " + field : "the field " + field + " is not a string");
        }
        return value.stringValue();
    }

    /** A field of an object of this line that must be a string that is not empty, or a whole number. */
    public String name(JsonNode object, String field) {
        JsonNode value = object.path(field);
        String name = value.isIntegralNumber() ? value.asString() : text(object, field);
        if (name.isEmpty()) {
            throw bad("the field " + field + " is empty");
        }
        return name;
    }

    /** Number of the line that was read last, from 1. */
    public long number() {
        return number;
    }

    /** A fact about the line that was read last. */
    public BadFileException bad(String fact) {
        return bad(path, number, fact);
    }

    public static BadFileException bad(Path path, long line, String fact) {
        return new BadFileException(path + ":" + line, fact);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
