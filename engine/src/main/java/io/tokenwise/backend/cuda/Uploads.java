package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.CuStream;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.PinnedMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Small arrays of the host on the device, such as tokens and offsets. They lie side by side in the order in which they come, from the beginning again each time that the stream
 * has done all it was told: so the arrays of one pass lie where those of the one before lay, if that had as many, with as much room, and only those go to the device whose content is another, all
 * of them in one copy. Single numbers, such as counts of rows, lie in blocks of their own among them. An array that has come since then already is not put there again, so that offsets go up once, not for each layer.
 */
final class Uploads {
    /** In ints: of an array's beginning. */
    private static final int ALIGNMENT = 4;

    /** In ints: 64 KB, the arrays of some thousand tokens. */
    private static final int SMALLEST_CHUNK = 1 << 14;

    /** So many of the last arrays are compared with a new one. */
    private static final int COMPARED = 64;

    private static final int SMALLEST = 64;

    /** Counts that lie side by side: those of a small model's forward. */
    private static final int COUNTS = 64;

    private final Cuda cuda;
    private final CuStream stream;
    private final List<Chunk> chunks = new ArrayList<>();
    private int chunk;
    private int used;

    /** The last arrays, the newest at {@code (arrays - 1) % COMPARED}. */
    private final Chunk[] chunkOf = new Chunk[COMPARED];

    private final int[] startOf = new int[COMPARED];
    private final int[] countOf = new int[COMPARED];
    private int arrays;

    /** Where the next count goes, and how many more have room behind it. */
    private Chunk counts;

    private int nextCount;
    private int countsLeft;

    private final int[] one = new int[1];
    private int[] bits = new int[SMALLEST];

    Uploads(Cuda cuda, CuStream stream) {
        this.cuda = cuda;
        this.stream = stream;
    }

    /** Device memory, the pinned memory that it is copied from, and what it holds or will after the next copy; zeros at first, which are copied too. */
    private static final class Chunk {
        final long address;
        final PinnedMemory staging;
        final int[] content;

        /** What is to be copied; nothing if the end is not above the beginning. */
        int from;

        int to;

        /** Of the staging memory the part that begins where the last copy did: that of the next pass mostly does too. */
        private MemorySegment part;

        private int partFrom = -1;

        Chunk(long address, PinnedMemory staging, int size) {
            this.address = address;
            this.staging = staging;
            this.content = new int[size];
            this.to = size;
        }

        MemorySegment stagingFrom(int start) {
            MemorySegment all = staging.segment();
            if (partFrom != start) {
                part = all.asSlice((long) start * Integer.BYTES);
                partFrom = start;
            }
            return part;
        }

        long addressOf(int start) {
            return address + (long) start * Integer.BYTES;
        }

        boolean has(int start, int[] values, int count) {
            return Arrays.equals(content, start, start + count, values, 0, count);
        }

        void put(int start, int[] values, int count) {
            if (!has(start, values, count)) {
                System.arraycopy(values, 0, content, start, count);
                from = Math.min(from, start);
                to = Math.max(to, start + count);
            }
        }
    }

    /** @param room at least as many as there are, so that what comes later lies where it does behind any of so many */
    long ints(int[] values, int count, int room) {
        for (int i = arrays - 1; i >= Math.max(0, arrays - COMPARED); i--) {
            int place = i % COMPARED;
            if (countOf[place] == count && chunkOf[place].has(startOf[place], values, count)) {
                return chunkOf[place].addressOf(startOf[place]);
            }
        }
        return put(values, count, room);
    }

    /** Of so many sequences, and of empty ones up to their bucket. */
    long offsets(int[] values, int sequences) {
        int count = Bucket.of(sequences) + 1;
        reserve(count);
        System.arraycopy(values, 0, bits, 0, sequences + 1);
        Arrays.fill(bits, sequences + 1, count, values[sequences]);
        return ints(bits, count, count);
    }

    long floats(float[] values, int count, int room) {
        reserve(count);
        for (int i = 0; i < count; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return ints(bits, count, room);
    }

    long longs(long[] values, int count) {
        reserve(2 * count);
        for (int i = 0; i < count; i++) {
            putBits(i, values[i]);
        }
        return ints(bits, 2 * count, 2 * count);
    }

    long doubles(double[] values, int count) {
        reserve(2 * count);
        for (int i = 0; i < count; i++) {
            putBits(i, Double.doubleToRawLongBits(values[i]));
        }
        return ints(bits, 2 * count, 2 * count);
    }

    private void reserve(int count) {
        if (bits.length < count) {
            bits = new int[Math.max(count, 2 * bits.length)];
        }
    }

    /** Low half first, as the device and the host order bytes. */
    private void putBits(int place, long value) {
        bits[2 * place] = (int) value;
        bits[2 * place + 1] = (int) (value >>> Integer.SIZE);
    }

    /** One number, at a place of its own: addresses do not depend on which numbers are equal. */
    long count(int value) {
        if (countsLeft == 0) {
            counts = chunk(COUNTS);
            nextCount = used;
            used += COUNTS;
            countsLeft = COUNTS;
        }
        one[0] = value;
        counts.put(nextCount, one, 1);
        countsLeft--;
        return counts.addressOf(nextCount++);
    }

    private long put(int[] values, int count, int room) {
        int aligned = Math.ceilDiv(room, ALIGNMENT) * ALIGNMENT;
        Chunk target = chunk(aligned);
        target.put(used, values, count);
        int place = arrays++ % COMPARED;
        chunkOf[place] = target;
        startOf[place] = used;
        countOf[place] = count;
        used += aligned;
        return target.addressOf(startOf[place]);
    }

    /** The chunk that has so many ints left from {@link #used} on. */
    private Chunk chunk(int aligned) {
        while (chunk < chunks.size() && used + aligned > chunks.get(chunk).content.length) {
            chunk++;
            used = 0;
        }
        if (chunk == chunks.size()) {
            grow(aligned);
        }
        return chunks.get(chunk);
    }

    /** Each chunk is at least as large as all before, so that there are few. They stay until the device is closed. */
    private void grow(int least) {
        int all = 0;
        for (Chunk each : chunks) {
            all += each.content.length;
        }
        int size = Math.max(least, Math.max(all, SMALLEST_CHUNK));
        long bytes = (long) size * Integer.BYTES;
        PinnedMemory staging = cuda.pinned(bytes);
        try {
            chunks.add(new Chunk(DeviceMemory.allocate(cuda, bytes), staging, size));
        } catch (RuntimeException e) {
            staging.close();
            throw e;
        }
        used = 0;
    }

    /** Queues the copies of what came since the last ones. */
    void send() {
        for (int i = 0; i < chunks.size(); i++) {
            Chunk each = chunks.get(i);
            int count = each.to - each.from;
            if (count > 0) {
                MemorySegment staging = each.stagingFrom(each.from);
                MemorySegment.copy(each.content, each.from, staging, ValueLayout.JAVA_INT, 0, count);
                stream.copyToDevice(each.addressOf(each.from), staging, (long) count * Integer.BYTES);
                each.from = Integer.MAX_VALUE;
                each.to = 0;
            }
        }
    }

    /** It is not known what of them has come to the device: all is copied again. */
    void failed() {
        for (Chunk each : chunks) {
            each.from = 0;
            each.to = each.content.length;
        }
    }

    /** The stream has done all that it was told. */
    void arrived() {
        chunk = 0;
        used = 0;
        arrays = 0;
        countsLeft = 0;
    }
}
