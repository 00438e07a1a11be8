package io.tokenwise.spark;

import io.tokenwise.api.Budget;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Rows to rows with one more column. Behind a row's own columns stand the input and, if there is one, the budget.
 *
 * @param width how many columns are the row's own
 * @param budgets whether rows bring their budgets
 * @param column what the input column is called
 */
record ModelPartitions<I, M>(
        Door<I, M> door, Settings settings, Progress progress, int width, boolean budgets, String column)
        implements MapPartitionsFunction<Row, Row> {
    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        return new Chunks<>(this, rows);
    }

    I input(Row row) {
        return row.getAs(width);
    }

    Budget budget(Row row) {
        return !budgets || row.isNullAt(width + 1) ? settings.budget() : settings.budget(row.getDouble(width + 1));
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
