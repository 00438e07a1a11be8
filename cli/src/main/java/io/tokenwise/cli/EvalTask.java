package io.tokenwise.cli;

import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.util.List;

/** A labelled task that runs are judged by. Its data were read and checked when it was made. */
interface EvalTask {
    /** As JSON has it. */
    String name();

    /** In words, what is measured on. */
    String data();

    /** Inputs that each run has to be given. */
    long inputs();

    /** One of them, as tables call it. */
    default String input() {
        return "text";
    }

    /** The model that is judged if none is named. */
    default String defaultModel() {
        return Models.defaultName();
    }

    /** Throws if a model is not of the kind that the task wants. */
    default void check(ModelFiles model) {
        model.text();
    }

    /** Inputs that are given to runs before, to learn from. */
    default long preparation(EvalRuns runs) {
        return 0;
    }

    /** Gives the inputs to the runs and says how well each did. */
    List<Json.EvalRow> rows(EvalRuns runs, Progress progress) throws IOException, InterruptedException;
}
