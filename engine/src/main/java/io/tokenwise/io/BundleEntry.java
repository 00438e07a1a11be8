package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.BinaryReader.Field;
import java.util.Arrays;

/**
 * What a TensorFlow bundle's index says of a tensor: the message BundleEntryProto of tensorflow/core/protobuf/tensor_bundle.proto, checked.
 *
 * @param shape outermost dimension first; no dimension is 0
 * @param offset in the data file, in bytes; not checked against its size
 * @param size in bytes, what float32 of this shape takes
 * @param checksum of these bytes, see {@link MaskedChecksum}
 */
record BundleEntry(String name, long[] shape, long offset, long size, int checksum) {
    /** Of DataType in tensorflow/core/framework/types.proto. */
    private static final int FLOAT = 1;

    private static final int MOST_DIMENSIONS = 8;
    private static final long MOST_SIZE = 1 << 24;

    /** @throws BadFileException if it is not a whole tensor of float32 */
    static BundleEntry read(String name, BinaryReader message) {
        long type = 0;
        long[] shape = {};
        long shard = 0;
        long offset = 0;
        long size = 0;
        int checksum = 0;
        for (Field field = message.field(); field != null; field = message.field()) {
            switch (field.number()) {
                case 1 -> type = message.number(field);
                case 2 -> shape = shape(message.message(field));
                case 3 -> shard = message.number(field);
                case 4 -> offset = message.number(field);
                case 5 -> size = message.number(field);
                case 6 -> checksum = (int) message.number(field);
                case 7 -> throw message.bad("is stored in slices; supported: whole tensors");
                default -> {}
            }
        }
        if (type != FLOAT) {
            throw message.bad("has the data type " + type + "; supported: " + FLOAT + ", float32");
        }
        if (shard != 0) {
            throw message.bad("lies in shard " + shard + "; supported: one shard, number 0");
        }
        if (offset < 0) {
            throw message.bad("begins at byte " + offset);
        }
        long wanted = bytes(message, shape);
        if (size != wanted) {
            throw message.bad(
                    "has " + size + " bytes, float32 of the shape " + Arrays.toString(shape) + " takes " + wanted);
        }
        return new BundleEntry(name, shape, offset, size, checksum);
    }

    /** TensorShapeProto: messages with a size each. */
    private static long[] shape(BinaryReader message) {
        var shape = new long[MOST_DIMENSIONS];
        int dimensions = 0;
        for (Field field = message.field(); field != null; field = message.field()) {
            if (field.number() == 3 && message.number(field) != 0) {
                throw message.bad("has a shape that is not known");
            }
            if (field.number() == 2) {
                if (dimensions == MOST_DIMENSIONS) {
                    throw message.bad("has more than " + MOST_DIMENSIONS + " dimensions");
                }
                shape[dimensions++] = dimension(message.message(field));
            }
        }
        return Arrays.copyOf(shape, dimensions);
    }

    private static long dimension(BinaryReader message) {
        long size = 0;
        for (Field field = message.field(); field != null; field = message.field()) {
            if (field.number() == 1) {
                size = message.number(field);
            }
        }
        if (size < 1 || size > MOST_SIZE) {
            throw message.bad("has a dimension of " + size + "; it must be 1 to " + MOST_SIZE);
        }
        return size;
    }

    private static long bytes(BinaryReader message, long[] shape) {
        try {
            return Arrays.stream(shape).reduce(Float.BYTES, Math::multiplyExact);
        } catch (ArithmeticException _) {
            throw message.bad("its shape " + Arrays.toString(shape) + " overflows");
        }
    }
}
