package io.tokenwise.bench.soak;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Answers as bytes, of which none may change. */
final class Bits {
    private Bits() {}

    static byte[] of(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    static byte[] of(int[] ids, float[] weights) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length + 4 * weights.length);
        bytes.asIntBuffer().put(ids);
        return bytes.position(4 * ids.length).put(of(weights)).array();
    }

    static byte[] of(double... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        return bytes.array();
    }

    static byte[] of(float[]... rows) {
        int size = 0;
        for (float[] row : rows) {
            size += 4 * row.length;
        }
        ByteBuffer bytes = ByteBuffer.allocate(size);
        for (float[] row : rows) {
            bytes.put(of(row));
        }
        return bytes.array();
    }

    /** Of records of numbers and texts: a double is written with all of its digits. */
    static byte[] of(Object answer) {
        return answer.toString().getBytes(StandardCharsets.UTF_8);
    }
}
