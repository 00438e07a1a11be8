package io.tokenwise.natives;

import static io.tokenwise.natives.DataType.F32;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.natives.generated.onednn.Dnnl;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What oneDNN keeps of kernels that nobody has any more. */
class PrimitiveCacheTest {
    private static final int KERNELS = 100;

    /** Prints what malloc has given while all kernels are there, and after they are closed. Of a JVM of its own that compiles nothing, since compilers take and free megabytes at any time. */
    static final class Closing {
        public static void main(String[] arguments) throws Throwable {
            OneDnn.open().close();
            long before = allocatedBytes();
            OneDnn library = OneDnn.open();
            for (int i = 0; i < KERNELS; i++) {
                library.product(ProductSpec.of(101 + i, 67, F32, F32, F32)).scratchBytes(37);
            }
            long most = allocatedBytes() - before;
            library.close();
            System.out.print(most + " " + (allocatedBytes() - before));
        }
    }

    @Test
    void kernelsOfAClosedLibraryAreNotKept() throws Exception {
        assumeTrue(
                Linker.nativeLinker().defaultLookup().find("mallinfo2").isPresent(), "the C library has no mallinfo2");
        Matrices.library().close();
        String[] bytes = ChildJvm.output(List.of("-Xint"), Closing.class).split(" ");
        assertThat(Long.parseLong(bytes[1]))
                .as("of %s bytes with all kernels", bytes[0])
                .isLessThan(Long.parseLong(bytes[0]) / 10);
    }

    @Test
    void theCacheIsAsLargeAsBefore() throws Throwable {
        OneDnn library = Matrices.library();
        int before = capacity();
        library.close();
        assertThat(before).isPositive();
        assertThat(capacity()).isEqualTo(before);
    }

    private static int capacity() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capacity = arena.allocate(ValueLayout.JAVA_INT);
            assertThat(Dnnl.dnnl_get_primitive_cache_capacity(capacity)).isEqualTo(Dnnl.dnnl_success());
            return capacity.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /** What malloc has given and not got back: in pools, and in pages of its own. */
    private static long allocatedBytes() throws Throwable {
        Linker linker = Linker.nativeLinker();
        var handle = linker.downcallHandle(
                linker.defaultLookup().find("mallinfo2").orElseThrow(),
                FunctionDescriptor.of(MemoryLayout.structLayout(MemoryLayout.sequenceLayout(10, JAVA_LONG))));
        try (Arena arena = Arena.ofConfined()) {
            var info = (MemorySegment) handle.invokeExact((SegmentAllocator) arena);
            return info.getAtIndex(JAVA_LONG, 4) + info.getAtIndex(JAVA_LONG, 7);
        }
    }
}
