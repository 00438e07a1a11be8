package io.tokenwise.bench.soak;

import io.tokenwise.api.Budget;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The first answer to each question; all later ones must have the same bits. Thread-safe. */
final class Expected {
    private final Map<String, byte[]> first = new ConcurrentHashMap<>();

    /** An answer that changed. */
    static final class ChangedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        ChangedException(String message) {
            super(message);
        }
    }

    /**
     * Keeps answers to what was never asked, and compares the others.
     *
     * @throws ChangedException if one has other bits
     */
    void check(Door door, List<Integer> inputs, Budget budget, List<byte[]> answers) {
        if (answers.size() != inputs.size()) {
            throw new ChangedException(
                    "%s: %d answers to %d inputs".formatted(door.key(), answers.size(), inputs.size()));
        }
        for (int i = 0; i < answers.size(); i++) {
            byte[] before = first.putIfAbsent(door.key() + " " + budget + " " + inputs.get(i), answers.get(i));
            if (before != null && !Arrays.equals(before, answers.get(i))) {
                throw new ChangedException("%s, %s: the answer to input %d of %d changed, from byte %d on"
                        .formatted(
                                door.key(),
                                budget,
                                inputs.get(i),
                                door.inputs(),
                                Arrays.mismatch(before, answers.get(i))));
            }
        }
    }

    int count() {
        return first.size();
    }
}
