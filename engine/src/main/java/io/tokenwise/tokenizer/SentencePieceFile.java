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
 */
record SentencePieceFile(List<Piece> pieces, byte[] charsmap) {
    private static final int UNIGRAM = 1;
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;

    /** Numbers of fields with their types in the low three bits, as they stand before them. */
    private static final int PIECE = 1 << 3 | 2;

    private static final int TRAINING = 2 << 3 | 2;
    private static final int NORMALIZING = 3 << 3 | 2;
    private static final int TEXT = 1 << 3 | 2;
    private static final int SCORE = 2 << 3 | 5;
    private static final int KIND = 3 << 3;
    private static final int MODEL_KIND = 3 << 3;
    private static final int CHARSMAP = 2 << 3 | 2;

    /** @param isMark whether it stands for no text: what is unknown, or the begin or end of a text */
    record Piece(String text, float score, boolean isMark) {}

    static SentencePieceFile read(String file, byte[] bytes) {
        LfsPointer.refuse(file, bytes);
        if (bytes.length > JsonFile.MAX_STREAMED_BYTES) {
            throw new BadFileException(
                    file, "has more than " + JsonFile.MAX_STREAMED_BYTES + " bytes; real ones have some 5 million");
        }
        try {
            var pieces = new ArrayList<Piece>();
            byte[] charsmap = {};
            CodedInputStream in = CodedInputStream.newInstance(bytes);
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case PIECE -> pieces.add(piece(file, pieces.size(), in.readBytes()));
                    case TRAINING -> requireUnigram(file, in.readBytes().newCodedInput());
                    case NORMALIZING -> charsmap = charsmap(in.readBytes().newCodedInput());
                    default -> in.skipField(tag);
                }
            }
            return new SentencePieceFile(List.copyOf(pieces), charsmap);
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
        int kind = NORMAL;
        CodedInputStream in = message.newCodedInput();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case TEXT -> text = in.readStringRequireUtf8();
                case SCORE -> score = in.readFloat();
                case KIND -> kind = in.readEnum();
                default -> in.skipField(tag);
            }
        }
        if (kind < NORMAL || kind > CONTROL || text.isEmpty() || !Float.isFinite(score)) {
            throw new BadFileException(
                    file,
                    "piece " + number + " is of kind " + kind + ", has " + text.length() + " characters and the score "
                            + score + "; supported: texts of the kinds normal (1), unknown (2) and control (3); others"
                            + " are read from a tokenizer.json");
        }
        return new Piece(text, score, kind == UNKNOWN || kind == CONTROL);
    }

    private static void requireUnigram(String file, CodedInputStream in) throws IOException {
        int kind = UNIGRAM;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == MODEL_KIND) {
                kind = in.readEnum();
            } else {
                in.skipField(tag);
            }
        }
        if (kind != UNIGRAM) {
            throw new BadFileException(
                    file, "model_type is " + kind + "; supported: 1, a Unigram; others are read from a tokenizer.json");
        }
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
