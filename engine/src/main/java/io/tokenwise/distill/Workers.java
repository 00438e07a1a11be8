package io.tokenwise.distill;

import java.io.IOException;
import java.util.List;

/**
 * Those who train one model together, as one of them sees it: each trains a copy of the student on batches of its own, and all take the mean of their copies now and then (local SGD: McMahan et al. 2017, Stich 2019). What they
 * exchange goes through a folder that all of them see.
 *
 * <p>The means and mean squares of AdamW stay each worker's own, as in DiLoCo (Douillard et al. 2023, arXiv 2311.08105): they follow the gradients within tens of steps, and to exchange them too would be three times the bytes.
 *
 * @param rank the worker's number, from 0; the first one measures, calibrates and writes the model
 * @param count how many they are
 * @param averageSteps after so many steps of each the mean is taken, and where a phase ends
 * @param meeting where they wait for each other
 */
public record Workers(int rank, int count, int averageSteps, Meeting meeting) {
    /** One that has nobody to wait for. */
    public static final Workers ALONE = new Workers(0, 1, 1, List::of);

    /** Where workers wait for each other. */
    @FunctionalInterface
    public interface Meeting {
        /**
         * Waits until each worker has come as often.
         *
         * @param said a short word to the others
         * @return what each has said, in the order of their ranks
         * @throws IOException if another one will not come
         * @throws InterruptedException if the worker is to stop
         */
        List<String> meet(String said) throws IOException, InterruptedException;
    }

    public Workers {
        if (rank < 0 || rank >= count) {
            throw new IllegalArgumentException(
                    "worker " + rank + " of " + count + ": must be from 0 to " + (count - 1));
        }
        if (averageSteps < 1) {
            throw new IllegalArgumentException("averages every " + averageSteps + " steps: must be at least 1");
        }
    }

    boolean isAlone() {
        return count == 1;
    }

    boolean isFirst() {
        return rank == 0;
    }
}
