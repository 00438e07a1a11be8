package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tokenwise.natives.generated.cudnn.CudnnApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** One of cuDNN's descriptors, which is given its attributes, then finished. It is destroyed with the arena that it is made in. */
final class CudnnDescriptor {
    private static final int TEXT_BYTES = 1024;

    final MemorySegment handle;

    private final String name;

    CudnnDescriptor(Arena owner, int type, String name) {
        this.name = name;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            check(CudnnApi.cudnnBackendCreateDescriptor(type, out), "create " + name);
            handle = out.get(ADDRESS, 0).reinterpret(owner, CudnnApi::cudnnBackendDestroyDescriptor);
        }
    }

    CudnnDescriptor longs(int attribute, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, CudnnApi.CUDNN_TYPE_INT64(), values.length, arena.allocateFrom(JAVA_LONG, values));
        }
    }

    CudnnDescriptor real(int attribute, float value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, CudnnApi.CUDNN_TYPE_FLOAT(), 1, arena.allocateFrom(JAVA_FLOAT, value));
        }
    }

    /** A constant of one of cuDNN's enumerations, which {@code type} names. */
    CudnnDescriptor constant(int attribute, int type, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, 1, arena.allocateFrom(JAVA_INT, value));
        }
    }

    CudnnDescriptor descriptor(int attribute, CudnnDescriptor value) {
        return pointers(attribute, CudnnApi.CUDNN_TYPE_BACKEND_DESCRIPTOR(), value.handle.address());
    }

    /** The library's handle, or addresses on the device. */
    CudnnDescriptor pointers(int attribute, int type, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, values.length, arena.allocateFrom(JAVA_LONG, values));
        }
    }

    CudnnDescriptor finish() {
        check(CudnnApi.cudnnBackendFinalize(handle), "finish " + name);
        return this;
    }

    /** Whether the library can do what this says. */
    boolean canFinish() {
        return CudnnApi.cudnnBackendFinalize(handle) == CudnnApi.CUDNN_STATUS_SUCCESS();
    }

    long askLong(int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_LONG);
            ask(arena, attribute, CudnnApi.CUDNN_TYPE_INT64(), 1, value);
            return value.get(JAVA_LONG, 0);
        }
    }

    int[] askConstants(int attribute, int type, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(JAVA_INT, most);
            int count = ask(arena, attribute, type, most, values);
            return values.asSlice(0, (long) count * Integer.BYTES).toArray(JAVA_INT);
        }
    }

    /** Fills descriptors that were made for it, and returns how many of them. */
    int askDescriptors(int attribute, CudnnDescriptor... targets) {
        try (Arena arena = Arena.ofConfined()) {
            long[] handles = Arrays.stream(targets)
                    .mapToLong(target -> target.handle.address())
                    .toArray();
            return ask(
                    arena,
                    attribute,
                    CudnnApi.CUDNN_TYPE_BACKEND_DESCRIPTOR(),
                    targets.length,
                    arena.allocateFrom(JAVA_LONG, handles));
        }
    }

    private CudnnDescriptor set(int attribute, int type, int count, MemorySegment values) {
        check(
                CudnnApi.cudnnBackendSetAttribute(handle, attribute, type, count, values),
                "set attribute " + attribute + " of " + name);
        return this;
    }

    private int ask(Arena arena, int attribute, int type, int most, MemorySegment values) {
        MemorySegment count = arena.allocate(JAVA_LONG);
        check(
                CudnnApi.cudnnBackendGetAttribute(handle, attribute, type, most, count, values),
                "get attribute " + attribute + " of " + name);
        return (int) Math.min(most, count.get(JAVA_LONG, 0));
    }

    static void check(int status, String operation) {
        if (status != CudnnApi.CUDNN_STATUS_SUCCESS()) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment text = arena.allocate(TEXT_BYTES);
                CudnnApi.cudnnGetLastErrorString(text, TEXT_BYTES - 1);
                throw new CudaException(
                        "cuDNN, " + operation,
                        CudnnApi.cudnnGetErrorString(status)
                                .reinterpret(Integer.MAX_VALUE)
                                .getString(0),
                        status,
                        text.getString(0).strip().replace('\n', ' '));
            }
        }
    }
}
