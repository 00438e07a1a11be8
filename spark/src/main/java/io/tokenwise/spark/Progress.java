package io.tokenwise.spark;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import org.apache.spark.SparkContext;
import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;

/**
 * What Spark's page of a stage shows of a model's work, task by task and in all.
 *
 * @param inputs that were answered, bad ones too
 * @param tokens of them; null of a kind of model that does not tell
 * @param spent their mean share of the dense model's cost, by tokens; null likewise
 * @param milliseconds that tasks spent in the model
 * @param bad inputs that could not be read
 */
record Progress(
        LongAccumulator inputs,
        LongAccumulator tokens,
        SpentShare spent,
        DoubleAccumulator milliseconds,
        LongAccumulator bad)
        implements Serializable {
    /** @param name before what is counted: of the column, or of the function */
    static Progress register(SparkContext context, String name, Door<?, ?> door) {
        LongAccumulator tokens = null;
        SpentShare spent = null;
        if (door.tellsSpending()) {
            tokens = context.longAccumulator(name + ": tokens");
            spent = new SpentShare();
            context.register(spent, name + ": spent");
        }
        return new Progress(
                context.longAccumulator(name + ": " + door.inputs()),
                tokens,
                spent,
                context.doubleAccumulator(name + ": milliseconds"),
                context.longAccumulator(name + ": bad"));
    }

    void add(List<Answer> answers, long nanos) {
        inputs.add(answers.size());
        milliseconds.add(nanos / 1e6);
        bad.add(answers.stream().map(Answer::bad).filter(Objects::nonNull).count());
        if (tokens != null) {
            tokens.add(answers.stream().mapToLong(Answer::tokens).sum());
            answers.forEach(answer -> spent.add(answer.tokens(), answer.spent()));
        }
    }
}
