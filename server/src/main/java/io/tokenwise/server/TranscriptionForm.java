package io.tokenwise.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What {@code POST /v1/audio/transcriptions} asks for. {@code prompt} is read over: models here take none. Fields that nobody knows are, too, as clients send some.
 *
 * @param model as it is named, with or without a budget
 * @param fields with the budget, if there is one, as if it came in JSON
 * @param file the recording
 */
record TranscriptionForm(String model, TranscriptFormat format, Fields fields, MultiPart.Part file) {
    private static final int MOST_FIELD_BYTES = 16_384;

    private static final String BUDGET = "budget";

    private static final String GRANULARITIES = "timestamp_granularities[]";

    /** Those that mean something once. */
    private static final Set<String> SINGLE =
            Set.of("file", "model", "language", "prompt", "response_format", "temperature", "stream", BUDGET);

    /** @throws ApiError 400 that names the field which is wrong */
    static TranscriptionForm of(MultiPartFormData.Parts parts) {
        checkOnce(parts);
        checkLanguage(text(parts, "language", "en"));
        checkTemperature(text(parts, "temperature", "0"));
        checkIs("stream", text(parts, "stream", "false"), List.of("false"), "answers come whole here");
        for (MultiPart.Part part : parts.getAll(GRANULARITIES)) {
            checkIs(GRANULARITIES, text(part), List.of("segment"), "words have no times here");
        }
        String format = text(parts, "response_format", "json");
        return new TranscriptionForm(
                needed(parts, "model"),
                TranscriptFormat.named(format)
                        .orElseThrow(() -> ApiError.field(
                                "response_format", "response_format must be one of " + TranscriptFormat.names())),
                fields(parts),
                file(parts));
    }

    /** There is one way to read a budget, {@link BudgetAsk}. */
    private static Fields fields(MultiPartFormData.Parts parts) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        String budget = text(parts, BUDGET, null);
        if (budget != null) {
            json.put(BUDGET, budget);
        }
        return new Fields(json);
    }

    private static void checkOnce(MultiPartFormData.Parts parts) {
        var seen = new HashSet<String>();
        for (MultiPart.Part part : parts) {
            // Jetty lets them through, and cannot look for a name where one has none.
            if (part.getName() == null) {
                throw ApiError.of(400, "a part of the form has no name in its Content-Disposition header");
            }
            if (!seen.add(part.getName()) && SINGLE.contains(part.getName())) {
                throw ApiError.field(part.getName(), part.getName() + " is there twice: send it once");
            }
        }
    }

    private static void checkLanguage(String language) {
        checkIs("language", language, List.of("en"), "models here know English only");
    }

    private static void checkTemperature(String temperature) {
        if (!temperature.matches("-?0+(\\.0*)?")) {
            throw ApiError.field("temperature", "temperature must be 0: nothing is drawn at random here");
        }
    }

    private static void checkIs(String field, String value, List<String> possible, String why) {
        if (!possible.contains(value)) {
            throw ApiError.field(field, field + " must be " + String.join(" or ", possible) + ": " + why);
        }
    }

    private static MultiPart.Part file(MultiPartFormData.Parts parts) {
        MultiPart.Part file = parts.getFirst("file");
        if (file == null) {
            throw ApiError.field("file", "file is missing: send a WAV file");
        }
        if (file.getFileName() == null) {
            throw ApiError.field("file", "file must be a file, with a filename in its Content-Disposition header");
        }
        return file;
    }

    private static String needed(MultiPartFormData.Parts parts, String field) {
        String value = text(parts, field, null);
        if (value == null) {
            throw ApiError.field(field, field + " is missing");
        }
        return value;
    }

    private static String text(MultiPartFormData.Parts parts, String field, String otherwise) {
        MultiPart.Part part = parts.getFirst(field);
        return part == null ? otherwise : text(part);
    }

    private static String text(MultiPart.Part part) {
        if (part.getLength() > MOST_FIELD_BYTES) {
            throw ApiError.field(
                    part.getName(), part.getName() + " is too long: at most " + MOST_FIELD_BYTES + " bytes");
        }
        try (InputStream content = Content.Source.asInputStream(part.createContentSource())) {
            // Not by the charset that the part's own header names, which may be any word.
            ByteBuffer bytes = ByteBuffer.wrap(content.readAllBytes());
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw ApiError.field(part.getName(), part.getName() + " is not UTF-8");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
