package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PagesTest {
    private static final Path STATUS = Path.of("/proc/self/status");

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
        assumeTrue(Files.exists(STATUS), "no " + STATUS + " on this system");
        int blocks = 30;
        long before = residentKilobytes();
        long held;
        MemorySegment memory = null;
        try (Arena arena = Arena.ofShared()) {
            for (int i = 0; i < blocks; i++) {
                memory = Pages.allocateLarge(arena, bytes, 64);
                assertThat(memory.byteSize()).isEqualTo(bytes);
                assertThat(memory.address() % 64).isZero();
                assertThat(memory.get(JAVA_BYTE, bytes - 1)).isZero();
                memory.fill((byte) 7);
            }
            held = residentKilobytes();
            assertThat(held - before).isLessThan(blocks * (bytes + Pages.SPARE_BYTES) / 1024 + 20_000);
        }
        MemorySegment freed = memory;
        assertThatThrownBy(() -> freed.get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        if (bytes > Pages.LEAST_BYTES) {
            assertThat(held - residentKilobytes()).isGreaterThan(blocks * bytes / 1024 * 9 / 10);
        }
    }

    /** Every second block is freed, and its pages are the system's at once. */
    @Test
    void whatIsFreedGoesBackToTheSystemWhateverIsStillInUse() throws IOException {
        assumeTrue(Files.exists(STATUS), "no " + STATUS + " on this system");
        List<Arena> arenas = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            arenas.add(Arena.ofShared());
            Pages.allocate(arenas.get(i), 1_000_000, 64).fill((byte) 1);
        }
        long before = residentKilobytes();
        for (int i = 0; i < arenas.size(); i += 2) {
            arenas.get(i).close();
        }
        assertThat(before - residentKilobytes()).isGreaterThan(90_000);
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

    private static long residentKilobytes() throws IOException {
        try (var lines = Files.lines(STATUS)) {
            String line = lines.filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
    }
}
