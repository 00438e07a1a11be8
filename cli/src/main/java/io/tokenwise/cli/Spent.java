package io.tokenwise.cli;

import io.tokenwise.acm.Acm;
import io.tokenwise.nn.LearnerObserver;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts what the adaptive modules of a model spend. For one call at a time. */
final class Spent implements LearnerObserver {
    private final Map<String, Acm> modules = new HashMap<>();
    private final boolean gatesRun;
    private long tokens;
    private long learners;
    private double flops;
    private double denseFlops;

    /**
     * @param modules of the model that is watched
     * @param gatesRun whether gates decide, so that their cost counts
     */
    Spent(List<Acm> modules, boolean gatesRun) {
        modules.forEach(module -> this.modules.put(module.path(), module));
        this.gatesRun = gatesRun;
    }

    @Override
    public void spent(String path, int[] learnersOfTokens, int count) {
        Acm module = modules.get(path);
        long used = 0;
        for (int token = 0; token < count; token++) {
            used += learnersOfTokens[token];
        }
        tokens += count;
        learners += used;
        flops += used * (double) module.learnerFlops() + (gatesRun ? count * (double) module.gateFlops() : 0);
        denseFlops += count * (double) module.denseFlops();
    }

    /** Learners that ran, mean over tokens and modules. */
    double meanLearners() {
        return (double) learners / tokens;
    }

    /** Share of the replaced layers' dense FLOPs that learners and gates cost. */
    double share() {
        return flops / denseFlops;
    }
}
