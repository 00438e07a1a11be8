package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads a part of a binary file from outside, number by number, as LevelDB's tables, protobuf's messages and Python's pickles write them. Whatever is not there is
 * told by file and part. Not thread-safe.
 */
final class BinaryReader {
    private static final int VARINT = 0;
    private static final int FIXED_64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED_32 = 5;

    private final String file;
    private final String part;
    private final ByteBuffer bytes;

    /**
     * A field of a protobuf message.
     *
     * @param value of a number; 0 if it is none
     * @param bytes null if it is a number
     */
    record Field(int number, long value, BinaryReader bytes) {}

    /** @param part of the file, as messages call it */
    BinaryReader(String file, String part, ByteBuffer bytes) {
        this.file = file;
        this.part = part;
        this.bytes = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    BadFileException bad(String fact) {
        return new BadFileException(file, part + ": " + fact);
    }

    int remaining() {
        return bytes.remaining();
    }

    /** Seven bits a byte, the lowest first; up to 64 bits, of which the highest may be a sign. */
    long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            require(1);
            byte next = bytes.get();
            value |= (next & 0x7FL) << shift;
            if (next == 0 && shift > 0) {
                throw bad("a number is not written in its shortest form");
            }
            if (next >= 0 && (shift < Long.SIZE - 1 || next == 1)) {
                return value;
            }
        }
        throw bad("a number has more than 64 bits");
    }

    /** A varint that counts or places bytes of what is in memory. */
    int length() {
        long value = varint();
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw bad("a length is " + Long.toUnsignedString(value) + ", beyond the file's end");
        }
        return (int) value;
    }

    int unsigned8() {
        require(1);
        return Byte.toUnsignedInt(bytes.get());
    }

    int unsigned16() {
        require(Short.BYTES);
        return Short.toUnsignedInt(bytes.getShort());
    }

    int fixed32() {
        require(Integer.BYTES);
        return bytes.getInt();
    }

    long fixed64() {
        require(Long.BYTES);
        return bytes.getLong();
    }

    /** The next bytes as a part of that name; this reader goes on behind them. */
    BinaryReader take(int count, String name) {
        require(count);
        var taken = new BinaryReader(file, name, bytes.slice(bytes.position(), count));
        bytes.position(bytes.position() + count);
        return taken;
    }

    /** The next bytes, copied. */
    byte[] take(int count) {
        require(count);
        var taken = new byte[count];
        bytes.get(taken);
        return taken;
    }

    /** The next field of a protobuf message; null at its end. */
    Field field() {
        if (remaining() == 0) {
            return null;
        }
        long tag = varint();
        long number = tag >>> 3;
        if (number < 1 || number > Integer.MAX_VALUE) {
            throw bad("a field has the number " + Long.toUnsignedString(number));
        }
        return switch ((int) tag & 7) {
            case VARINT -> new Field((int) number, varint(), null);
            case FIXED_64 -> new Field((int) number, fixed64(), null);
            case FIXED_32 -> new Field((int) number, fixed32(), null);
            case BYTES -> new Field((int) number, 0, take(length(), part));
            default -> throw bad("field " + number + " has the unknown wire type " + (tag & 7));
        };
    }

    /** The value of a field that must be a number. */
    long number(Field field) {
        if (field.bytes() != null) {
            throw bad("field " + field.number() + " is not a number");
        }
        return field.value();
    }

    /** The bytes of a field that must be a message. */
    BinaryReader message(Field field) {
        if (field.bytes() == null) {
            throw bad("field " + field.number() + " is a number, not a message");
        }
        return field.bytes();
    }

    /** Bytes that must be UTF-8, as text. */
    String text(byte[] utf8) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException _) {
            throw bad("a name is not UTF-8");
        }
    }

    private void require(int count) {
        if (bytes.remaining() < count) {
            throw bad("is cut short: " + count + " bytes wanted, " + bytes.remaining() + " left");
        }
    }
}
