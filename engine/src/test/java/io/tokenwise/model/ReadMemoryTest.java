package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class ReadMemoryTest {
    private static final long SIZE = 1 << 20;

    private final ArrayList<MemorySegment> lent = new ArrayList<>();

    @Test
    void whatCameBackIsLentAgainUnlessItIsTooSmall() {
        try (var memory = new ReadMemory()) {
            memory.lend(SIZE, lent::add);
            memory.lend(SIZE / 2, lent::add);
            memory.lend(2 * SIZE, lent::add);
            memory.lend(SIZE, lent::add);
        }
        assertThat(lent).extracting(MemorySegment::byteSize).containsExactly(SIZE, SIZE / 2, 2 * SIZE, SIZE);
        assertThat(lent.get(1).address()).isEqualTo(lent.get(0).address());
        assertThat(lent.get(3).address()).isEqualTo(lent.get(2).address());
        assertThat(lent).noneMatch(piece -> piece.scope().isAlive());
    }

    @Test
    void piecesThatAreLentAtTheSameTimeAreApart() {
        try (var memory = new ReadMemory()) {
            memory.lend(
                    SIZE,
                    first -> memory.lend(
                            SIZE,
                            second ->
                                    assertThat(first.asOverlappingSlice(second)).isEmpty()));
        }
    }

    @Test
    void aPieceIsFreedAlsoWhereReadingFails() {
        try (var memory = new ReadMemory()) {
            assertThatThrownBy(() -> memory.lend(SIZE, piece -> {
                        lent.add(piece);
                        throw new IllegalStateException("cut short");
                    }))
                    .hasMessage("cut short");
        }
        assertThat(lent.getFirst().scope().isAlive()).isFalse();
    }
}
