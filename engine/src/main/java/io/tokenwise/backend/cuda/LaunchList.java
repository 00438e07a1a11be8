package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.Arguments;
import io.tokenwise.natives.cuda.CuFunction;
import io.tokenwise.natives.cuda.CuStream;
import io.tokenwise.natives.cuda.LtProduct;
import java.util.Arrays;

/**
 * Launches, products by cuBLASLt, copies on the device and fills that a stream has been told and not yet done, in order: written down in flat arrays, which are used again, so that
 * what is told over and over is soon compared, and costs the heap nothing.
 */
final class LaunchList {
    /** More parameters than any kernel has. */
    static final int MOST_ARGUMENTS = 40;

    private static final int COPY = MOST_ARGUMENTS + 1;
    private static final int FILL = MOST_ARGUMENTS + 2;
    private static final int MULTIPLY = MOST_ARGUMENTS + 3;

    private static final long NO_WORKSPACE = 0;

    /** Of each operation: what it is, or how many arguments it has, beside the hash of the kernel or product; its sizes or addresses; its arguments. */
    private long[] words = new long[1 << 10];

    private int length;

    /** Where the last operation begins. */
    private int lastBegin;

    /** Null where an operation is none. */
    private CuFunction[] functions = new CuFunction[1 << 6];

    /** Those of cuBLASLt, null where an operation is none. */
    private LtProduct[] products = new LtProduct[1 << 6];

    private int count;

    int count() {
        return count;
    }

    void clear() {
        Arrays.fill(functions, 0, count, null);
        Arrays.fill(products, 0, count, null);
        length = 0;
        count = 0;
    }

    /**
     * Adds a launch.
     *
     * @param wide the bits of those arguments that have eight bytes, the others have four
     */
    void launch(
            CuFunction function,
            int gridX,
            int gridY,
            int gridZ,
            int block,
            int sharedBytes,
            long[] arguments,
            int argumentCount,
            long wide) {
        begin(function, null, argumentCount, 4 + argumentCount);
        add(pair(gridX, gridY));
        add(pair(gridZ, block));
        add(sharedBytes);
        add(wide);
        System.arraycopy(arguments, 0, words, length, argumentCount);
        length += argumentCount;
    }

    void copy(long target, long source, long bytes) {
        begin(null, null, COPY, 3);
        add(target);
        add(source);
        add(bytes);
    }

    /** Takes the last operation back; once after it was added. */
    void takeBack() {
        functions[--count] = null;
        products[count] = null;
        length = lastBegin;
    }

    /** Zeros. */
    void fill(long address, long ints) {
        begin(null, null, FILL, 2);
        add(address);
        add(ints);
    }

    /**
     * A product by cuBLASLt.
     *
     * @param rows exactly, since the library reads no number on the device: a graph keeps that which it was captured with, so lists of other rows are other lists, whatever their {@link Bucket}
     */
    void multiply(LtProduct product, int rows, long x, long weights, long bias, long y) {
        begin(null, product, MULTIPLY, 5);
        add(rows);
        add(x);
        add(weights);
        add(bias);
        add(y);
    }

    private void begin(CuFunction function, LtProduct product, int kind, int more) {
        if (length + 1 + more > words.length) {
            words = Arrays.copyOf(words, 2 * words.length);
        }
        if (count == functions.length) {
            functions = Arrays.copyOf(functions, 2 * count);
            products = Arrays.copyOf(products, 2 * count);
        }
        functions[count] = function;
        products[count++] = product;
        lastBegin = length;
        add(pair(kind, System.identityHashCode(product == null ? function : product)));
    }

    private void add(long word) {
        words[length++] = word;
    }

    private static long pair(int low, int high) {
        return (long) high << Integer.SIZE | Integer.toUnsignedLong(low);
    }

    /** Queues all of it, one by one. */
    void launchOn(CuStream stream, Arguments arguments) {
        int at = 0;
        for (int i = 0; i < count; i++) {
            int kind = (int) words[at++];
            switch (kind) {
                case COPY -> stream.copy(words[at++], words[at++], words[at++]);
                case FILL -> stream.fill32(words[at++], 0, words[at++]);
                case MULTIPLY ->
                    products[i].run(
                            stream,
                            (int) words[at++],
                            words[at++],
                            words[at++],
                            words[at++],
                            words[at++],
                            NO_WORKSPACE);
                default -> {
                    launchOn(stream, functions[i], at, kind, arguments);
                    at += 4 + kind;
                }
            }
        }
    }

    private void launchOn(CuStream stream, CuFunction function, int at, int argumentCount, Arguments arguments) {
        long wide = words[at + 3];
        arguments.clear();
        for (int i = 0; i < argumentCount; i++) {
            long value = words[at + 4 + i];
            if ((wide >>> i & 1) == 1) {
                arguments.pointer(value);
            } else {
                arguments.integer((int) value);
            }
        }
        stream.launch(
                function,
                (int) words[at],
                (int) (words[at] >>> Integer.SIZE),
                (int) words[at + 1],
                (int) (words[at + 1] >>> Integer.SIZE),
                (int) words[at + 2],
                arguments);
    }

    /** Lists that are the same have the same, others hardly ever. */
    long hash() {
        long hash = count;
        for (int i = 0; i < length; i++) {
            hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 32;
        }
        return hash;
    }

    /** All that tells it from others. */
    record Content(long[] words, CuFunction[] functions, LtProduct[] products) {}

    Content content() {
        return new Content(
                Arrays.copyOf(words, length), Arrays.copyOf(functions, count), Arrays.copyOf(products, count));
    }

    boolean is(Content other) {
        return Arrays.equals(words, 0, length, other.words, 0, other.words.length)
                && Arrays.equals(functions, 0, count, other.functions, 0, other.functions.length)
                && Arrays.equals(products, 0, count, other.products, 0, other.products.length);
    }
}
