package io.tokenwise.spark;

import java.util.List;
import org.apache.spark.sql.api.java.UDF2;

/**
 * A model as a function of an input and a budget, row by row.
 *
 * @param name for messages
 */
record ModelFunction<I, M>(Door<I, M> door, Settings settings, Progress progress, String name)
        implements UDF2<I, Number, Object> {
    /** @param share of any type of number: SQL's 0.5 is a decimal one */
    @Override
    public Object call(I input, Number share) throws Exception {
        if (input == null) {
            return null;
        }
        var budget = share == null ? settings.budget() : settings.budget(share.doubleValue());
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
}
