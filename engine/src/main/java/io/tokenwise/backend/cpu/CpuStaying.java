package io.tokenwise.backend.cpu;

import io.tokenwise.backend.Staying;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/** Rows that stay, in arrays. */
final class CpuStaying extends Staying {
    private int[] staying = new int[0];
    private int[] stays = new int[0];
    private long[] keys = new long[0];

    static CpuStaying of(Staying staying) {
        if (staying instanceof CpuStaying own) {
            return own;
        }
        throw new IllegalArgumentException("the rows that stay were chosen by a stream of another backend");
    }

    @Override
    protected void rank(Tensor gateValues) {
        if (stays.length < rows()) {
            int length = Math.max(rows(), 2 * stays.length);
            staying = new int[length];
            stays = new int[length];
            keys = new long[length];
        }
        Arrays.fill(stays, 0, rows(), 0);
        for (int sequence = 0; sequence < sequences(); sequence++) {
            int from = offsets()[sequence];
            int to = offsets()[sequence + 1];
            int wanted = stayingOffsets()[sequence + 1] - stayingOffsets()[sequence];
            if (wanted == to - from) {
                Arrays.fill(stays, from, to, 1);
            } else {
                value(gateValues, kinds()[sequence], from, to);
                rank(from, to, wanted - first() - last());
            }
            int next = stayingOffsets()[sequence];
            for (int row = from; row < to; row++) {
                if (stays[row] == 1) {
                    staying[next++] = row;
                }
            }
        }
    }

    /** Writes what a sequence's rows are worth into the values. */
    private void value(Tensor gateValues, int kind, int from, int to) {
        float[] values = values();
        if ((kind & BY_GATE) != 0) {
            for (int row = from; row < to; row++) {
                values[row] = gateValues.floats().get(row);
            }
        }
        if ((kind & LOWERED) != 0) {
            for (int i = 0; i < less().length; i++) {
                values[from + first() + i] -= less()[i];
            }
        }
    }

    private void rank(int from, int to, int wanted) {
        int ranked = to - from - first() - last();
        for (int i = 0; i < ranked; i++) {
            // The value's bits in the order of values, then the earlier row as the larger.
            keys[i] = (long) ordered(values()[from + first() + i]) << Integer.SIZE | (ranked - 1 - i);
        }
        Arrays.sort(keys, 0, ranked);
        Arrays.fill(stays, from, from + first(), 1);
        Arrays.fill(stays, to - last(), to, 1);
        for (int i = ranked - wanted; i < ranked; i++) {
            stays[from + first() + ranked - 1 - (int) keys[i]] = 1;
        }
    }

    /** What is no number is worth least, whatever its sign, which differs from device to device. */
    private static int ordered(float value) {
        if (Float.isNaN(value)) {
            return Integer.MIN_VALUE;
        }
        int bits = Float.floatToRawIntBits(value);
        return bits ^ (bits >> 31 & Integer.MAX_VALUE);
    }

    @Override
    public int[] stays() {
        return stays;
    }

    /** The rows that stay, ascending; the first {@link #count} entries count. */
    int[] staying() {
        return staying;
    }
}
