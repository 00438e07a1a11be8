package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PagesTest {
    /** Says of each page whether it is there, whatever else the process holds. */
    private static final Path PRESENT = Path.of("/proc/self/pagemap");

    private static final long PAGE_BYTES = 4096;
    private static final long LARGE_BYTES = 2 << 20;

    @ParameterizedTest
    @ValueSource(longs = {1, 1_000, Pages.LEAST_BYTES - 1, Pages.LEAST_BYTES, 5_000_001})
    void memoryIsZeroAlignedAndAsLargeAsAskedFor(long bytes) {
        MemorySegment memory;
        try (Arena arena = Arena.ofShared()) {
            memory = Pages.allocate(arena, bytes, 64);
            assertThat(memory.byteSize()).isEqualTo(bytes);
            assertThat(memory.address() % 64).isZero();
            assertThat(memory.toArray(JAVA_BYTE)).containsOnly(0);
            memory.fill((byte) 7);
            assertThat(memory.get(JAVA_BYTE, bytes - 1)).isEqualTo((byte) 7);
        }
        assertThatThrownBy(() -> memory.get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    /** What lies in large pages may be a little more than what was asked for, and all of it goes back. */
    @ParameterizedTest
    @ValueSource(longs = {1_000, 1_769_472, 2_359_296, 4_718_592, 9_000_001})
    void largePagesAreZeroAndNotMuchMoreThanAskedFor(long bytes) throws IOException {
        assumeTrue(Files.isReadable(PRESENT), "no " + PRESENT + " on this system");
        List<MemorySegment> blocks = new ArrayList<>();
        try (Arena arena = Arena.ofShared()) {
            for (int i = 0; i < 30; i++) {
                MemorySegment memory = Pages.allocateLarge(arena, bytes, 64);
                blocks.add(memory);
                assertThat(memory.byteSize()).isEqualTo(bytes);
                assertThat(memory.address() % 64).isZero();
                assertThat(memory.get(JAVA_BYTE, bytes - 1)).isZero();
                memory.fill((byte) 7);
                if (bytes > Pages.LEAST_BYTES) {
                    // What is mapped ends two large pages behind it at most, one at least.
                    assertThat(present(memory, bytes + LARGE_BYTES))
                            .isBetween(bytes, bytes + Pages.SPARE_BYTES + PAGE_BYTES);
                }
            }
        }
        assertThatThrownBy(() -> blocks.getLast().get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        if (bytes > Pages.LEAST_BYTES) {
            assertThat(present(blocks)).isLessThan(blocks.size() * bytes / 2);
        }
    }

    /** Every second block is freed, and its pages are the system's at once. */
    @Test
    void whatIsFreedGoesBackToTheSystemWhateverIsStillInUse() throws IOException {
        assumeTrue(Files.isReadable(PRESENT), "no " + PRESENT + " on this system");
        List<Arena> arenas = new ArrayList<>();
        List<MemorySegment> freed = new ArrayList<>();
        long bytes = 1_000_000;
        for (int i = 0; i < 200; i++) {
            arenas.add(Arena.ofShared());
            MemorySegment memory = Pages.allocate(arenas.get(i), bytes, 64).fill((byte) 1);
            if (i % 2 == 0) {
                freed.add(memory);
            }
        }
        assertThat(present(freed)).isGreaterThanOrEqualTo(freed.size() * bytes);
        for (int i = 0; i < arenas.size(); i += 2) {
            arenas.get(i).close();
        }
        assertThat(present(freed)).isLessThan(freed.size() * bytes / 2);
        for (int i = 1; i < arenas.size(); i += 2) {
            arenas.get(i).close();
        }
    }

    @Test
    void moreThanThereIsIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Pages.allocate(arena, 1L << 60, 64)).isInstanceOf(OutOfMemoryError.class);
        }
    }

    @Test
    void aClosedArenaIsRefused() {
        Arena arena = Arena.ofConfined();
        arena.close();
        assertThatThrownBy(() -> Pages.allocate(arena, Pages.LEAST_BYTES, 64))
                .isInstanceOf(IllegalStateException.class);
    }

    /** Of all blocks; where they were, somebody else's memory may lie by now, but not as much. */
    private static long present(List<MemorySegment> blocks) throws IOException {
        long sum = 0;
        for (MemorySegment block : blocks) {
            sum += present(block, block.byteSize());
        }
        return sum;
    }

    /** Bytes that the system holds, in memory or swapped out, of those from a block's first page on. */
    private static long present(MemorySegment block, long bytes) throws IOException {
        long first = block.address() / PAGE_BYTES;
        long last = (block.address() + bytes - 1) / PAGE_BYTES;
        ByteBuffer entries =
                ByteBuffer.allocate((int) (last - first + 1) * Long.BYTES).order(ByteOrder.nativeOrder());
        try (FileChannel file = FileChannel.open(PRESENT)) {
            while (entries.hasRemaining() && file.read(entries, first * Long.BYTES + entries.position()) >= 0) {
                // An entry of 64 bits for each page, the upper two of which say where it is.
            }
        }
        entries.flip();
        long pages = 0;
        while (entries.hasRemaining()) {
            pages += entries.getLong() >>> 62 == 0 ? 0 : 1;
        }
        return pages * PAGE_BYTES;
    }
}
