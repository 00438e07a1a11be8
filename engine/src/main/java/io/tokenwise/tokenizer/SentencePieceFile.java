package io.tokenwise.tokenizer;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.LfsPointer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What SentencePiece's own file says of a Unigram model: a protobuf message ModelProto (google/sentencepiece src/sentencepiece_model.proto).
 *
 * @param charsmap how characters are normalized, compiled; empty if they are not
 * @param unknown the number of the piece that stands for what is in none
 */
record SentencePieceFile(List<Piece> pieces, byte[] charsmap, int unknown) {
    private static final int UNIGRAM = 1;

    /** What pieces are by their numbers, from 1 on; those of bytes and those not in use are text to transformers. */
    private static final List<Kind> KINDS =
            List.of(Kind.TEXT, Kind.UNKNOWN, Kind.CONTROL, Kind.USERS, Kind.TEXT, Kind.TEXT);

    /** Numbers of fields with their types in the low three bits, as they stand before them. */
    private static final int PIECE = 1 << 3 | 2;

    private static final int TRAINING = 2 << 3 | 2;
    private static final int NORMALIZING = 3 << 3 | 2;
    private static final int TEXT = 1 << 3 | 2;
    private static final int SCORE = 2 << 3 | 5;
    private static final int KIND = 3 << 3;
    private static final int MODEL_KIND = 3 << 3;
    private static final int UNKNOWN_ID = 40 << 3;
    private static final int CHARSMAP = 2 << 3 | 2;

    /** What a piece stands for. */
    enum Kind {
        TEXT,
        UNKNOWN,
        /** No text, such as the begin or end of one. */
        CONTROL,
        /** Text that whoever trained the model wanted whole. */
        USERS
    }

    record Piece(String text, float score, Kind kind) {
        /** Whether it stands for no text. */
        boolean isMark() {
            return kind == Kind.UNKNOWN || kind == Kind.CONTROL;
        }
    }

    static SentencePieceFile read(String file, byte[] bytes) {
        LfsPointer.refuse(file, bytes);
        if (bytes.length > JsonFile.MAX_STREAMED_BYTES) {
            throw new BadFileException(
                    file, "has more than " + JsonFile.MAX_STREAMED_BYTES + " bytes; real ones have some 5 million");
        }
        try {
            var pieces = new ArrayList<Piece>();
            byte[] charsmap = {};
            int unknown = 0;
            CodedInputStream in = CodedInputStream.newInstance(bytes);
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case PIECE -> pieces.add(piece(file, pieces.size(), in.readBytes()));
                    case TRAINING -> unknown = unknown(file, in.readBytes().newCodedInput());
                    case NORMALIZING -> charsmap = charsmap(in.readBytes().newCodedInput());
                    default -> in.skipField(tag);
                }
            }
            return new SentencePieceFile(List.copyOf(pieces), charsmap, unknown);
        } catch (IOException e) {
            throw new BadFileException(file, "is not a model of SentencePiece: " + e.getMessage(), e);
        }
    }

    private static Piece piece(String file, int number, ByteString message) throws IOException {
        if (number == Vocabulary.MOST) {
            throw new BadFileException(file, "has more than " + Vocabulary.MOST + " pieces");
        }
        String text = "";
        float score = 0;
        int kind = 1;
        CodedInputStream in = message.newCodedInput();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case TEXT -> text = in.readStringRequireUtf8();
                case SCORE -> score = in.readFloat();
                case KIND -> kind = in.readEnum();
                default -> in.skipField(tag);
            }
        }
        if (kind < 1 || kind > KINDS.size() || text.isEmpty() || !Float.isFinite(score)) {
            throw new BadFileException(
                    file,
                    "piece " + number + " is of kind " + kind + ", has " + text.length() + " characters and the score "
                            + score + "; supported: texts of the kinds 1 to " + KINDS.size());
        }
        return new Piece(text, score, KINDS.get(kind - 1));
    }

    /** Of a Unigram; others are refused. */
    private static int unknown(String file, CodedInputStream in) throws IOException {
        int kind = UNIGRAM;
        int unknown = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case MODEL_KIND -> kind = in.readEnum();
                case UNKNOWN_ID -> unknown = in.readInt32();
                default -> in.skipField(tag);
            }
        }
        if (kind != UNIGRAM) {
            throw new BadFileException(
                    file, "model_type is " + kind + "; supported: 1, a Unigram; others are read from a tokenizer.json");
        }
        return unknown;
    }

    private static byte[] charsmap(CodedInputStream in) throws IOException {
        byte[] charsmap = {};
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == CHARSMAP) {
                charsmap = in.readByteArray();
            } else {
                in.skipField(tag);
            }
        }
        return charsmap;
    }
}
