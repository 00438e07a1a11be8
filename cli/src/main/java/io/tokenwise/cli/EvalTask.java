package io.tokenwise.cli;

import java.io.IOException;
import java.util.List;

/** A labelled task that runs are judged by. Its data were read and checked when it was made. */
interface EvalTask {
    /** As JSON has it. */
    String name();

    /** In words, what is measured on. */
    String data();

    /** Texts that each run has to embed. */
    long texts();

    /** Texts that are embedded before, to learn from. */
    default long preparation(EvalRuns runs) {
        return 0;
    }

    /** Gives the texts to the runs and says how well each did. */
    List<Json.EvalRow> rows(EvalRuns runs, Progress progress) throws IOException, InterruptedException;
}
