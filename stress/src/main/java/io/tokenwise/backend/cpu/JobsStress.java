package io.tokenwise.backend.cpu;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.tokenwise.kernels.Scratch;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Two callers of one worker, each with a job that runs again and again: every task is done once a run, and the caller sees what it wrote. */
@JCStressTest
@Outcome(id = "24, 24", expect = ACCEPTABLE, desc = "each task once a run")
@Outcome(expect = FORBIDDEN, desc = "a task was left out, done twice, or not seen")
@State
public class JobsStress {
    private static final WorkerPool POOL = new WorkerPool(3);
    private static final int TASKS = 3;
    private static final int RUNS = 8;

    private final Counting first = new Counting();
    private final Counting second = new Counting();
    private final Scratch firstScratch = new Scratch();
    private final Scratch secondScratch = new Scratch();

    /** Counts its tasks by plain numbers, a place for each. */
    private static final class Counting extends Job {
        private final int[] done = new int[TASKS];

        @Override
        protected void run(int task, Scratch scratch) {
            done[task]++;
        }

        int runs(Scratch scratch) {
            for (int run = 0; run < RUNS; run++) {
                POOL.run(this, TASKS, scratch);
                for (int task = 0; task < TASKS; task++) {
                    if (done[task] != run + 1) {
                        return -1;
                    }
                }
            }
            return TASKS * RUNS;
        }
    }

    @Actor
    public void first(II_Result result) {
        result.r1 = first.runs(firstScratch);
    }

    @Actor
    public void second(II_Result result) {
        result.r2 = second.runs(secondScratch);
    }
}
