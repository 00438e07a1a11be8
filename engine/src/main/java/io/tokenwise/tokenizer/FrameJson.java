package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Reads {@code post_processor}: which tokens stand around texts. */
final class FrameJson {
    private static final String SUPPORTED =
            "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or a Sequence of them";
    private static final int MOST_MARKS = 64;
    private static final int MOST_TYPES = 127;

    private final String file;
    private final int vocabularySize;
    private Frame frame;
    private boolean trims;
    private boolean trimsPrefix;

    private FrameJson(String file, int vocabularySize) {
        this.file = file;
        this.vocabularySize = vocabularySize;
    }

    /**
     * What it says.
     *
     * @param trims whether places leave out the white space at the ends of tokens, as byte-level tokenizers may ask
     * @param trimsPrefix whether a space before the first word is one that the tokenizer put in
     */
    record Read(Frame frame, boolean trims, boolean trimsPrefix) {}

    static Read read(JsonFile json, int vocabularySize) {
        var reading = new FrameJson(json.file(), vocabularySize);
        if (json.has("post_processor")) {
            reading.processor(json.root().get("post_processor"));
        }
        Frame frame = reading.frame == null
                ? new Frame(
                        new int[0], new int[0], Optional.of(new Frame.Pair(new int[0], new int[0], new int[0], 0, 1)))
                : reading.frame;
        return new Read(frame, reading.trims, reading.trimsPrefix);
    }

    private void processor(JsonNode processor) {
        String type = processor.path("type").asString("missing");
        var fields = new JsonFile(file, processor);
        switch (type) {
            case "TemplateProcessing" -> set(template(processor));
            case "BertProcessing" -> {
                int first = id(processor.path("cls").path(1));
                int last = id(processor.path("sep").path(1));
                set(new Frame(
                        new int[] {first},
                        new int[] {last},
                        Optional.of(new Frame.Pair(
                                new int[] {first}, new int[] {last}, new int[] {TokenTypes.of(last, 1)}, 0, 1))));
            }
            case "RobertaProcessing" -> {
                int first = id(processor.path("cls").path(1));
                int last = id(processor.path("sep").path(1));
                trim(fields);
                set(new Frame(
                        new int[] {first},
                        new int[] {last},
                        Optional.of(
                                new Frame.Pair(new int[] {first}, new int[] {last, last}, new int[] {last}, 0, 0))));
            }
            case "ByteLevel" -> trim(fields);
            case "Sequence" -> {
                for (JsonNode part : processor.path("processors")) {
                    if (part.path("type").asString("").equals("Sequence")) {
                        throw new BadFileException(file, "post_processor has a Sequence in a Sequence; supported: one");
                    }
                    processor(part);
                }
            }
            default -> throw new BadFileException(file, "post_processor.type is " + type + "; supported: " + SUPPORTED);
        }
    }

    private void trim(JsonFile fields) {
        trims = fields.flag("trim_offsets", true);
        trimsPrefix = fields.flag("add_prefix_space", true);
    }

    private void set(Frame read) {
        if (frame != null) {
            throw new BadFileException(file, "post_processor puts tokens around texts twice; supported: once");
        }
        frame = read;
    }

    private Frame template(JsonNode processor) {
        List<Part> single = parts(processor, "single");
        int a = index(single, "A");
        if (a < 0 || index(single, "B") >= 0 || sequences(single) != 1) {
            throw new BadFileException(file, "post_processor.single must be special tokens around sequence A");
        }
        boolean typed = single.stream().anyMatch(part -> part.type != 0);
        if (typed) {
            throw new BadFileException(file, "post_processor.single has a type_id other than 0; supported: 0");
        }
        return new Frame(ids(single, 0, a), ids(single, a + 1, single.size()), pair(processor));
    }

    private Optional<Frame.Pair> pair(JsonNode processor) {
        List<Part> pair = parts(processor, "pair");
        if (pair.isEmpty()) {
            return Optional.empty();
        }
        int a = index(pair, "A");
        int b = index(pair, "B");
        if (a < 0 || b < a || sequences(pair) != 2) {
            throw new BadFileException(
                    file, "post_processor.pair must be special tokens around sequence A and then sequence B");
        }
        return Optional.of(new Frame.Pair(
                ids(pair, 0, a),
                ids(pair, a + 1, b),
                ids(pair, b + 1, pair.size()),
                pair.get(a).type,
                pair.get(b).type));
    }

    /**
     * A part of a template.
     *
     * @param sequence "A" or "B", or empty for special tokens
     * @param ids the special tokens
     */
    private record Part(String sequence, int[] ids, int type) {}

    private List<Part> parts(JsonNode processor, String template) {
        List<Part> parts = new ArrayList<>();
        int marks = 0;
        for (JsonNode part : processor.path(template)) {
            String field = "post_processor." + template;
            JsonNode inner = part.has("Sequence") ? part.get("Sequence") : part.path("SpecialToken");
            String id = inner.path("id").asString("");
            int type = inner.has("type_id") ? new JsonFile(file, inner).integer("type_id", 0, MOST_TYPES) : 0;
            if (part.size() != 1 || id.isEmpty()) {
                throw new BadFileException(file, field + " must be special tokens around sequences");
            }
            int[] ids = part.has("Sequence") ? new int[0] : special(processor, id, type);
            parts.add(new Part(part.has("Sequence") ? id : "", ids, type));
            marks += ids.length;
            if (marks > MOST_MARKS) {
                throw new BadFileException(file, field + " has more than " + MOST_MARKS + " tokens");
            }
        }
        return parts;
    }

    private int[] special(JsonNode processor, String token, int type) {
        JsonNode ids = processor.path("special_tokens").path(token).path("ids");
        if (ids.isEmpty()) {
            throw new BadFileException(
                    file, "post_processor uses " + token + ", for which its special_tokens give no ids");
        }
        return ids.valueStream().mapToInt(id -> TokenTypes.of(id(id), type)).toArray();
    }

    private int id(JsonNode id) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= vocabularySize) {
            throw new BadFileException(
                    file,
                    "post_processor: a token has the id " + id + ", ids here go from 0 to " + (vocabularySize - 1));
        }
        return id.intValue();
    }

    private static int index(List<Part> parts, String sequence) {
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).sequence.equals(sequence)) {
                return i;
            }
        }
        return -1;
    }

    private static long sequences(List<Part> parts) {
        return parts.stream().filter(part -> !part.sequence.isEmpty()).count();
    }

    private static int[] ids(List<Part> parts, int from, int to) {
        return parts.subList(from, to).stream()
                .flatMapToInt(part -> Arrays.stream(part.ids))
                .toArray();
    }
}
