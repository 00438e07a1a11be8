package io.tokenwise.spark;

import java.util.List;
import org.apache.spark.sql.api.java.UDF2;

/**
 * A model as a function of an input and a budget, row by row.
 *
 * @param <I> what Spark gives for an input
 * @param <M> the open model
 * @param door the kind of model
 * @param settings which one, and how it is asked
 * @param progress is told what was done
 * @param name for messages
 */
record ModelFunction<I, M>(Door<I, M> door, Settings settings, Progress progress, String name)
        implements UDF2<Object, Object, Object> {
    /** @param share of any type of number: SQL's 0.5 is a decimal one */
    @Override
    public Object call(Object value, Object share) throws Exception {
        I input = of(door.input().value(), value, "input", door.input().name());
        Number number = of(Number.class, share, "budget", "number");
        if (input == null) {
            return null;
        }
        var budget = number == null ? settings.budget() : settings.budget(number.doubleValue());
        Answer answer = ExecutorModels.ofThisJvm().ask(door, settings, model -> {
            long start = System.nanoTime();
            List<Answer> answers = door.answer(model, List.of(input), List.of(budget), name);
            progress.add(answers, System.nanoTime() - start);
            return answers.getFirst();
        });
        if (answer.bad() != null && !settings.nullIfBad()) {
            throw answer.bad();
        }
        return answer.value();
    }

    /** Spark gives a function in Java whatever a query names. */
    private <V> V of(Class<V> wanted, Object value, String what, String type) {
        if (value != null && !wanted.isInstance(value)) {
            throw new IllegalArgumentException(door.verb() + ": the " + what + " of " + name + " is of type "
                    + value.getClass().getSimpleName() + ", a " + type + " is needed");
        }
        return wanted.cast(value);
    }
}
