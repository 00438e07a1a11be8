package io.tokenwise.fuzz;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Messages of protobuf in each other: fields are changed, dropped, doubled, taken from elsewhere, and all lengths are right again. */
final class ProtoForm implements Form {
    private static final int BYTES = 2;
    private static final int MOST_DEPTH = 12;
    private static final long[] NUMBERS = {
        0, 1, 2, 3, 10, 11, 16, 127, 128, 1 << 20, Integer.MAX_VALUE, 1L << 32, -1, Long.MAX_VALUE, Long.MIN_VALUE
    };

    private final String ending;

    ProtoForm(String ending) {
        this.ending = ending;
    }

    /**
     * A field.
     *
     * @param number of a varint
     * @param bytes of all others, without a length
     */
    private record Field(int tag, long number, byte[] bytes) {
        int wire() {
            return tag & 7;
        }
    }

    @Override
    public boolean fits(String file) {
        return file.endsWith(ending);
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        return changed(bytes, other, 0, random);
    }

    static byte[] changed(byte[] bytes, byte[] other, int depth, SplittableRandom random) {
        List<Field> fields = fields(bytes);
        if (fields == null || fields.isEmpty()) {
            return BytesForm.ANY.changed(bytes, bytes, random);
        }
        int at = random.nextInt(fields.size());
        Field field = fields.get(at);
        boolean deeper = field.wire() == BYTES && depth < MOST_DEPTH && random.nextInt(8) > 0;
        if (deeper) {
            byte[] inner = changed(field.bytes, field.bytes, depth + 1, random);
            fields.set(at, new Field(field.tag, 0, inner));
            return bytes(fields);
        }
        List<Field> theirs = fields(other);
        switch (random.nextInt(6)) {
            case 0 -> fields.remove(at);
            case 1 -> fields.add(random.nextInt(fields.size() + 1), field);
            case 2 -> {
                if (theirs != null && !theirs.isEmpty()) {
                    fields.add(random.nextInt(fields.size() + 1), theirs.get(random.nextInt(theirs.size())));
                }
            }
            case 3 -> fields.set(at, new Field(1 + random.nextInt(20) << 3 | field.wire(), field.number, field.bytes));
            default -> fields.set(at, other(field, random));
        }
        return bytes(fields);
    }

    private static Field other(Field field, SplittableRandom random) {
        if (field.wire() == 0) {
            return new Field(field.tag, NUMBERS[random.nextInt(NUMBERS.length)], field.bytes);
        }
        return new Field(field.tag, 0, BytesForm.ANY.changed(field.bytes, field.bytes, random));
    }

    /** Null if it is no message. */
    private static List<Field> fields(byte[] bytes) {
        var fields = new ArrayList<Field>();
        var at = new int[1];
        while (at[0] < bytes.length) {
            long tag = varint(bytes, at);
            long length = switch ((int) tag & 7) {
                case 0 -> 0;
                case 1 -> 8;
                case BYTES -> varint(bytes, at);
                case 5 -> 4;
                default -> -1;
            };
            long number = (tag & 7) == 0 ? varint(bytes, at) : 0;
            if (tag < 8 || tag > Integer.MAX_VALUE || length < 0 || at[0] < 0 || length > bytes.length - at[0]) {
                return null;
            }
            fields.add(new Field((int) tag, number, Arrays.copyOfRange(bytes, at[0], at[0] + (int) length)));
            at[0] += (int) length;
        }
        return at[0] < 0 ? null : fields;
    }

    /** Moves on; to below 0 if there is none. */
    private static long varint(byte[] bytes, int[] at) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at[0] < 0 || at[0] >= bytes.length) {
                at[0] = Integer.MIN_VALUE;
                return 0;
            }
            byte next = bytes[at[0]++];
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        at[0] = Integer.MIN_VALUE;
        return 0;
    }

    private static byte[] bytes(List<Field> fields) {
        var out = new ByteArrayOutputStream();
        for (Field field : fields) {
            put(out, field.tag);
            if (field.wire() == 0) {
                put(out, field.number);
            } else if (field.wire() == BYTES) {
                put(out, field.bytes.length);
            }
            out.writeBytes(field.bytes);
        }
        return out.toByteArray();
    }

    private static void put(ByteArrayOutputStream out, long value) {
        long rest = value;
        for (; (rest & ~0x7FL) != 0; rest >>>= 7) {
            out.write((int) rest & 0x7F | 0x80);
        }
        out.write((int) rest);
    }
}
