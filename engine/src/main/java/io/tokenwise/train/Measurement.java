package io.tokenwise.train;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a training measures by calls of the model, which an interrupted thread ends by {@link IllegalStateException}. A training is to stop by {@link InterruptedException}, with a checkpoint.
 */
public final class Measurement {
    private Measurement() {}

    /**
     * One between two steps.
     *
     * @return empty if it was interrupted; the thread still is, so that the training stops before its next step
     */
    public static <T> Optional<T> onTheWay(Supplier<T> measurement) {
        try {
            return Optional.of(measurement.get());
        } catch (IllegalStateException e) {
            if (Thread.currentThread().isInterrupted()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * One after the last step, whose checkpoint there is.
     *
     * @throws InterruptedException if the thread is interrupted
     */
    public static <T> T atTheEnd(Supplier<T> measurement) throws InterruptedException {
        Optional<T> result = onTheWay(measurement);
        if (Thread.interrupted()) {
            throw new InterruptedException("training stopped after its last step");
        }
        return result.orElseThrow();
    }
}
