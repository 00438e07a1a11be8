package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Reads the elements of a file's tensors, each of which lies in one piece. */
record ElementReader(String file, ByteSource bytes) {
    /** Read at once: few system calls, and what was read is still in the L2 cache when it is converted and checked. */
    private static final int CHUNK_BYTES = 1 << 18;

    /**
     * Where a tensor lies.
     *
     * @param position in the file
     * @param each bytes of an element
     */
    record Place(long position, long elements, int each) {}

    /** Turns the first {@code count} elements of some bytes of a tensor into its elements from {@code at} on. */
    interface Decoder {
        void decode(MemorySegment from, int count, MemorySegment floats, long at);
    }

    /** Reads a tensor as float32; see {@link WeightSource#read}. */
    void read(String tensor, Place place, Decoder decoder, MemorySegment destination, boolean checkFinite) {
        StoredFloat.requireSize(destination, place.elements, file, tensor);
        int each = place.each;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(CHUNK_BYTES, Double.BYTES);
            ByteBuffer chunk = memory.asByteBuffer();
            for (long done = 0; done < place.elements; ) {
                int count = (int) Math.min(CHUNK_BYTES / each, place.elements - done);
                bytes.read(place.position + done * each, chunk.clear().limit(count * each));
                decoder.decode(memory, count, destination, done);
                if (checkFinite) {
                    StoredFloat.requireFinite(destination, done, count, file, tensor);
                }
                done += count;
            }
        } catch (EOFException e) {
            throw new BadFileException(file, "tensor " + tensor + ": the file was cut short while it was open", e);
        } catch (IOException e) {
            String fact = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw new UncheckedIOException(file + ": tensor " + tensor + ": " + fact, e);
        }
    }
}
