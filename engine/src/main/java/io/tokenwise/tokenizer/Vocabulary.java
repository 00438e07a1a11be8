package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.AddedTokens.AddedToken;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;

/** The pieces of a tokenizer.json, their scores or merges, and its added tokens, read as a stream: a tree of them would take ten times the file. */
final class Vocabulary {
    /** Published vocabularies have fewer; each piece takes some 80 bytes. */
    static final int MOST = 1 << 20;

    /** Ids that no piece has; cl100k leaves out 16. */
    private static final int MOST_HOLES = 1_024;

    private final String file;
    private final List<String> pieces = new ArrayList<>();
    private int[] ids = new int[1024];
    private double[] scores = {};
    private boolean isObject;
    private boolean isArray;
    private boolean mergesCameFirst;
    private PieceTable table;
    private Merges merges;
    private String[] all = {};

    /** One more than the largest id of a piece. */
    private int end;

    private final List<AddedToken> added = new ArrayList<>();

    Vocabulary(String file) {
        this.file = file;
    }

    /** Reads {@code model.vocab}: an object of pieces and ids, or an array of pieces and scores. */
    void readPieces(JsonParser in) {
        isObject = in.currentToken() == JsonToken.START_OBJECT;
        isArray = in.currentToken() == JsonToken.START_ARRAY;
        if (isObject) {
            readIds(in);
        } else if (isArray) {
            readScores(in);
        } else {
            in.skipChildren();
        }
    }

    private void readIds(JsonParser in) {
        String bad = null;
        while (in.nextToken() != JsonToken.END_OBJECT) {
            add(in.currentName());
            in.nextToken();
            boolean whole = in.currentToken() == JsonToken.VALUE_NUMBER_INT;
            if (whole && in.getNumberType() == JsonParser.NumberType.INT) {
                ids[pieces.size() - 1] = in.getIntValue();
            } else if (bad == null) {
                bad = in.currentToken() == JsonToken.VALUE_STRING ? '"' + in.getString() + '"' : in.getString();
                in.skipChildren();
            } else {
                in.skipChildren();
            }
        }
        int words = pieces.size();
        if (bad != null) {
            throw badId(bad, words);
        }
        int most = 0;
        for (int i = 0; i < words; i++) {
            if (ids[i] < 0 || ids[i] >= words + MOST_HOLES) {
                throw badId(Integer.toString(ids[i]), words + MOST_HOLES);
            }
            most = Math.max(most, ids[i] + 1);
        }
        var byId = new String[most];
        for (int i = 0; i < words; i++) {
            int id = ids[i];
            if (byId[id] != null) {
                throw new BadFileException(file, "model.vocab gives the id " + id + " twice");
            }
            byId[id] = pieces.get(i);
        }
        table = new PieceTable(file, byId);
        all = byId;
        end = byId.length;
    }

    /** Refuses ids that no piece has. */
    void requireAllIds() {
        for (int i = 0; i < pieces.size(); i++) {
            if (ids[i] >= pieces.size()) {
                throw badId(Integer.toString(ids[i]), pieces.size());
            }
        }
    }

    private void readScores(JsonParser in) {
        scores = new double[1024];
        while (in.nextToken() != JsonToken.END_ARRAY) {
            int id = pieces.size();
            boolean pair = in.currentToken() == JsonToken.START_ARRAY && in.nextToken() == JsonToken.VALUE_STRING;
            if (pair) {
                add(in.getString());
                pair = in.nextToken().isNumeric();
            }
            double score = pair ? score(in.getDecimalValue()) : Double.NaN;
            if (!pair || !Double.isFinite(score) || in.nextToken() != JsonToken.END_ARRAY) {
                throw new BadFileException(file, "model.vocab: entry " + id + " must be a piece and its score");
            }
            if (id == scores.length) {
                scores = Arrays.copyOf(scores, 2 * id);
            }
            scores[id] = score;
        }
        all = pieces.toArray(new String[0]);
        end = all.length;
        table = new PieceTable(file, all);
    }

    /**
     * A number as Hugging Face's library reads it (serde_json without {@code float_roundtrip}): its digits, as many as 64 bits hold, then divided by a
     * power of ten. That is rounded twice, so the last bit is another one than the nearest number's now and then; and by it is decided which of two ways
     * through a word is better that have the same pieces in another order.
     */
    static double score(BigDecimal number) {
        // Twenty digits have 64 bits or more: what is behind them goes at once.
        int more = number.precision() - 20;
        BigDecimal digits = more > 0 ? number.setScale(number.scale() - more, RoundingMode.DOWN) : number;
        while (digits.unscaledValue().bitLength() > Long.SIZE) {
            digits = digits.setScale(digits.scale() - 1, RoundingMode.DOWN);
        }
        int scale = digits.scale();
        double power = Double.parseDouble("1e" + Math.abs(scale));
        if (Double.isInfinite(power)) {
            return number.doubleValue();
        }
        double significand = digits.unscaledValue().doubleValue();
        return scale > 0 ? significand / power : significand * power;
    }

    private void add(String piece) {
        if (pieces.size() == MOST) {
            throw new BadFileException(file, "model.vocab has more than " + MOST + " pieces");
        }
        if (pieces.size() == ids.length) {
            ids = Arrays.copyOf(ids, 2 * ids.length);
        }
        pieces.add(piece);
    }

    private BadFileException badId(String id, int end) {
        return new BadFileException(file, "a token has the id " + id + ", ids here go from 0 to " + (end - 1));
    }

    /** Reads {@code model.merges}: pairs of pieces, as arrays or with a space between them. */
    void readMerges(JsonParser in) {
        boolean isList = in.currentToken() == JsonToken.START_ARRAY;
        mergesCameFirst = isList && !isObject && !isArray;
        if (!isList || mergesCameFirst) {
            in.skipChildren();
            return;
        }
        if (!isObject) {
            throw new BadFileException(file, "model.merges go with model.vocab that is an object of pieces and ids");
        }
        merges = new Merges(file, table);
        var both = new Both();
        for (int i = 0; in.nextToken() != JsonToken.END_ARRAY; i++) {
            both.size = 0;
            if (in.currentToken() == JsonToken.VALUE_STRING) {
                both.add(in);
                merges.add(both.chars, both.takeSpaceOut(merges), both.size);
                continue;
            }
            boolean pair = in.currentToken() == JsonToken.START_ARRAY && both.add(in.nextToken(), in);
            int middle = both.size;
            if (!pair || !both.add(in.nextToken(), in) || in.nextToken() != JsonToken.END_ARRAY) {
                throw new BadFileException(file, "model.merges: entry " + i + " must be two pieces");
            }
            merges.add(both.chars, middle, both.size);
        }
    }

    /** Whether merges are to be read again, now that their pieces are known. */
    boolean mergesCameFirst() {
        return mergesCameFirst && isObject;
    }

    boolean hasMerges() {
        return merges != null;
    }

    /** Two pieces one after the other. */
    private static final class Both {
        char[] chars = new char[256];
        int size;

        /** False if it is no text that is read. */
        boolean add(JsonToken token, JsonParser in) {
            if (token == JsonToken.VALUE_STRING) {
                add(in);
            }
            return token == JsonToken.VALUE_STRING;
        }

        void add(JsonParser in) {
            int length = in.getStringLength();
            if (size + length > chars.length) {
                chars = Arrays.copyOf(chars, 2 * (size + length));
            }
            System.arraycopy(in.getStringCharacters(), in.getStringOffset(), chars, size, length);
            size += length;
        }

        /** As older files write it: both with a space between them. Returns where the second begins. */
        int takeSpaceOut(Merges merges) {
            int space = 0;
            while (space < size && chars[space] != ' ') {
                space++;
            }
            boolean one = space < size;
            for (int i = space + 1; i < size; i++) {
                one &= chars[i] != ' ';
            }
            if (!one) {
                throw merges.bad(
                        "is '" + new String(chars, 0, size) + "'; must be two pieces with a space between them");
            }
            System.arraycopy(chars, space + 1, chars, space, size - space - 1);
            size--;
            return space;
        }
    }

    /**
     * Reads {@code added_tokens}; Hugging Face's library numbers one that the vocabulary lacks by itself, whatever id the file gives it. Special ones that the model has no row for are left out: the tokenizer of Gemma 3
     * marks images, which models of texts alone do not know.
     *
     * @param rows of the model
     */
    void readAdded(JsonFile json, int rows) {
        JsonNode tokens = json.root().path("added_tokens");
        String[] vocabulary = Arrays.copyOf(all, all.length + tokens.size());
        int size = all.length;
        int kept = size;
        for (JsonNode token : tokens) {
            var fields = new JsonFile(file, token);
            String text = token.path("content").asString("");
            int known = table.find(text);
            boolean free = known >= 0 || end == pieces.size();
            if (!free || token.path("id").asInt(-1) != (known < 0 ? size : known)) {
                throw new BadFileException(
                        file,
                        "added token " + text + " has not the id that model.vocab gives it, or the next free one");
            }
            boolean left = known < 0 && size >= rows && fields.flag("special", false);
            if (known < 0) {
                vocabulary[size++] = text;
                kept = left ? kept : size;
            }
            if (!text.isEmpty() && !left) {
                added.add(new AddedToken(
                        token.path("id").asInt(),
                        text,
                        fields.flag("single_word", false),
                        fields.flag("lstrip", false),
                        fields.flag("rstrip", false),
                        fields.flag("normalized", false),
                        fields.flag("special", false)));
            }
        }
        all = Arrays.copyOf(vocabulary, kept);
    }

    boolean isObject() {
        return isObject && !pieces.isEmpty();
    }

    boolean isArray() {
        return isArray && !pieces.isEmpty();
    }

    /** The ids of pieces, added tokens not among them. */
    PieceTable table() {
        return table;
    }

    /** All tokens by id, null where an id has none; those that were added come last. */
    String[] all() {
        return all;
    }

    /** The pieces by id; null where an id has none. */
    String[] words() {
        return Arrays.copyOf(all, end);
    }

    double[] scores() {
        return scores;
    }

    /** Those of the file; none if it has none. */
    Merges merges() {
        return merges == null ? new Merges(file, table) : merges;
    }

    List<AddedToken> added() {
        return added;
    }
}
