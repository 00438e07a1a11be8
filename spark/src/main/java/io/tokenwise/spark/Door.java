package io.tokenwise.spark;

import io.tokenwise.Engine;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.types.DataType;

/**
 * A kind of model: what it reads and gives, how it is opened and asked. Sent to executors; two of one class share open models.
 *
 * @param <I> what Spark gives for a value of the input column
 * @param <M> the open model
 */
interface Door<I, M> extends Serializable {
    /** What messages say is done. */
    String verb();

    /** What Spark's page counts. */
    String inputs();

    InputKind<I> input();

    DataType output();

    /** Whether answers say how many tokens there were, and what they cost. */
    boolean tellsSpending();

    /** Closed with the engine. */
    M open(Engine engine, String model) throws IOException;

    /** About how many tokens an input has, or how many take as much memory: a guess that costs nothing, since only memory and the time between two looks at the task depend on it. */
    int tokens(I input);

    /**
     * One answer for each input, in their order; none depends on the others.
     *
     * @param column whose values the inputs are, for messages
     */
    List<Answer> answer(M model, List<I> inputs, List<Budget> budgets, String column) throws IOException;
}
