package io.tokenwise.spark;

import io.tokenwise.api.Budget;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Rows to rows with one more column. Behind a row's own columns stand the input, if it is none of them, and the budget, if there is one.
 *
 * @param <I> what Spark gives for an input
 * @param <M> the open model
 * @param door the kind of model
 * @param settings which one, and how it is asked
 * @param progress is told what was done
 * @param width how many columns are the row's own
 * @param input where the input is
 * @param share where the budget is; -1 if rows bring none
 * @param column what the input column is called
 */
record ModelPartitions<I, M>(
        Door<I, M> door, Settings settings, Progress progress, int width, int input, int share, String column)
        implements MapPartitionsFunction<Row, Row> {
    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        return new Chunks<>(this, rows);
    }

    I input(Row row) {
        return row.getAs(input);
    }

    Budget budget(Row row) {
        return share < 0 || row.isNullAt(share) ? settings.budget() : settings.budget(row.getDouble(share));
    }

    Row result(Row row, Object value) {
        var values = new Object[width + 1];
        for (int i = 0; i < width; i++) {
            values[i] = row.get(i);
        }
        values[width] = value;
        return RowFactory.create(values);
    }

    List<Answer> ask(List<I> inputs, List<Budget> ofInputs) throws IOException {
        return ExecutorModels.ofThisJvm().ask(door, settings, model -> {
            long start = System.nanoTime();
            List<Answer> answers = door.answer(model, inputs, ofInputs, column);
            progress.add(answers, System.nanoTime() - start);
            return answers;
        });
    }
}
