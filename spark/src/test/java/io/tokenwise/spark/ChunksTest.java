package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import org.apache.spark.TaskContext$;
import org.apache.spark.TaskContextImpl;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;
import org.junit.jupiter.api.Test;

class ChunksTest {
    private final FakeDoor door = new FakeDoor();
    private final Progress progress =
            new Progress(new LongAccumulator(), null, null, new DoubleAccumulator(), new LongAccumulator());
    private int taken;

    /** Of rows with a text alone. */
    private Iterator<Row> chunks(boolean nullIfBad, String... texts) {
        Settings settings = Settings.of("fake", Budget.Unit.FLOPS);
        var partitions = new ModelPartitions<>(
                door, nullIfBad ? settings.withNullIfBad() : settings, progress, 1, 0, -1, "words");
        return partitions.call(Arrays.stream(texts)
                .peek(_ -> taken++)
                .map(text -> RowFactory.create(text))
                .iterator());
    }

    private static List<Object> results(Iterator<Row> rows) {
        var results = new ArrayList<Object>();
        rows.forEachRemaining(row -> results.add(row.get(1)));
        return results;
    }

    @Test
    void rowsAreTakenWhenTheyAreAskedFor() {
        Iterator<Row> rows =
                chunks(false, Stream.generate(() -> "text").limit(12).toArray(String[]::new));
        assertThat(taken).isZero();
        assertThat(rows.next()).isEqualTo(RowFactory.create("text", 4));
        assertThat(taken).isEqualTo(5);
        for (int i = 1; i < 5; i++) {
            rows.next();
        }
        assertThat(taken).isEqualTo(5);
        assertThat(results(rows)).hasSize(7);
        assertThat(door.asked).isEqualTo(3);
        assertThat(progress.inputs().value()).isEqualTo(12);
        assertThat(rows.hasNext()).isFalse();
        assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(rows::next);
    }

    @Test
    void resultsStayWithTheirRowsAroundThoseWithoutInput() {
        assertThat(results(chunks(false, "a", null, "bcd", null, null, "ef")))
                .containsExactly(1, null, 3, null, null, 2);
        assertThat(progress.inputs().value()).isEqualTo(3);
    }

    @Test
    void noModelIsOpenedForRowsWithoutInput() {
        assertThat(results(chunks(false, null, null))).containsExactly(null, null);
        assertThat(door.asked).isZero();
    }

    @Test
    void aBadInputIsNamedByItsRowOrLeftOut() {
        assertThatExceptionOfType(BadFileException.class)
                .isThrownBy(() -> results(chunks(false, "a", null, "bad", "b")))
                .withMessage("row 3 of partition 0: words: is bad; nullIfBad() leaves such rows without a result");
        assertThat(results(chunks(true, "a", null, "bad", "b"))).containsExactly(1, null, null, 1);
        assertThat(progress.bad().value()).isEqualTo(2);
    }

    @Test
    void aKilledTaskComputesNoFurtherChunk() {
        TaskContextImpl task = TaskContext$.MODULE$.empty();
        Iterator<Row> rows = chunks(false, "a", "b", "c", "d", "e", "f");
        TaskContext$.MODULE$.setTaskContext(task);
        try {
            rows.next();
            task.markInterrupted("stage cancelled");
            for (int i = 1; i < 5; i++) {
                rows.next();
            }
            assertThatExceptionOfType(TaskKilledException.class).isThrownBy(rows::next);
            assertThat(door.asked).isEqualTo(1);
        } finally {
            TaskContext$.MODULE$.unset();
        }
    }
}
