package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class FloatsTest {
    @Test
    void readsAndWritesFromItsOffsetOn() {
        try (Arena arena = Arena.ofConfined()) {
            Floats whole = new Floats(arena.allocate(64, 64), 0);
            Floats part = new Floats(whole.segment(), 16);
            part.set(2, 1.5f);
            assertThat(whole.get(6)).isEqualTo(1.5f);
            part.point(whole.segment(), 24);
            assertThat(part.get(0)).isEqualTo(1.5f);
        }
    }

    @Test
    void refusesMemoryThatWouldSlowEveryKernelDown() {
        Floats heap = new Floats(MemorySegment.ofArray(new float[4]), 0);
        assertThatThrownBy(() -> heap.get(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("kernels need native memory that is not a mapped file");
    }

    @Test
    void staysWithinItsMemory() {
        try (Arena arena = Arena.ofConfined()) {
            Floats floats = new Floats(arena.allocate(64, 64), 0);
            assertThatThrownBy(() -> floats.get(16)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
