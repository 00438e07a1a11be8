package io.tokenwise.spark;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Row;

/** A partition's rows with what a model says of each: computed chunk by chunk, as they are asked for, so that memory holds one chunk and a killed task ends soon. */
final class Chunks<I, M> implements Iterator<Row> {
    /** Four batches of the engine: what is left over at a chunk's end is little, and it takes a fraction of a second. */
    static final int TOKENS = 4096;

    private final ModelPartitions<I, M> work;
    private final Iterator<Row> rows;
    private Iterator<Row> ready = Collections.emptyIterator();
    private long taken;

    Chunks(ModelPartitions<I, M> work, Iterator<Row> rows) {
        this.work = work;
        this.rows = rows;
    }

    @Override
    public boolean hasNext() {
        if (!ready.hasNext() && rows.hasNext()) {
            ready = chunk();
        }
        return ready.hasNext();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.next();
    }

    private Iterator<Row> chunk() {
        endIfKilled(TaskContext.get());
        var chunk = new ArrayList<Row>();
        var inputs = new ArrayList<I>();
        var budgets = new ArrayList<Budget>();
        for (int tokens = 0; tokens < TOKENS && rows.hasNext(); ) {
            Row row = rows.next();
            chunk.add(row);
            I input = work.input(row);
            tokens++;
            if (input != null) {
                inputs.add(input);
                budgets.add(work.budget(row));
                tokens += work.door().tokens(input);
            }
        }
        Iterator<Answer> answers = answers(inputs, budgets).iterator();
        var results = new ArrayList<Row>(chunk.size());
        for (Row row : chunk) {
            Answer answer = work.input(row) == null ? null : answers.next();
            taken++;
            results.add(work.result(row, answer == null ? null : value(answer)));
        }
        return results.iterator();
    }

    private List<Answer> answers(List<I> inputs, List<Budget> budgets) {
        if (inputs.isEmpty()) {
            return List.of();
        }
        try {
            return work.ask(inputs, budgets);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Object value(Answer answer) {
        if (answer.bad() != null && !work.settings().nullIfBad()) {
            throw new BadFileException(
                    "row " + taken + " of partition " + TaskContext.getPartitionId(),
                    answer.bad().getMessage() + "; nullIfBad() leaves such rows without a result",
                    answer.bad());
        }
        return answer.value();
    }

    /** Spark's own iterators look at every row; what computes for long must look itself. */
    static void endIfKilled(TaskContext task) {
        if (task != null && task.isInterrupted()) {
            throw new TaskKilledException("tokenwise: the task was killed");
        }
    }
}
