package io.tokenwise.cost;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Cost tables as JSON files, read strictly: they come from outside. */
public final class CostTableFile {
    /** A table of two models' sizes takes 5 KB. */
    static final int MOST_BYTES = 64 << 10;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(
                    DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
                    DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
                    DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                    DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private CostTableFile() {}

    /** @throws BadFileException if it holds no good table */
    static CostTable read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new BadFileException(file.toString(), "is not a file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return read(file.toString(), in);
        }
    }

    static CostTable read(String name, InputStream in) throws IOException {
        byte[] bytes = in.readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
            throw new BadFileException(name, "a cost table of more than " + MOST_BYTES + " bytes is not read");
        }
        try {
            CostTable table = MAPPER.readValue(bytes, CostTable.class);
            if (table == null) {
                throw new BadFileException(name, "is no cost table: it holds null");
            }
            return table;
        } catch (JacksonException e) {
            throw new BadFileException(name, "is no cost table: " + reason(e), e);
        }
    }

    /** What a record said of its content, or else what Jackson says of the text. */
    private static String reason(JacksonException failure) {
        String message = failure.getCause() instanceof IllegalArgumentException mistake
                ? mistake.getMessage()
                : failure.getOriginalMessage();
        return message.lines().findFirst().orElse("").strip();
    }

    /** Writes a table, or replaces it: other processes see the old one or all of the new one. */
    public static void write(Path file, CostTable table) throws IOException {
        byte[] bytes = MAPPER.writeValueAsBytes(table);
        AtomicFiles.write(file, out -> out.write(bytes));
    }
}
