package io.tokenwise.acm;

import io.tokenwise.nn.LearnerObserver;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adds up what adaptive modules spend. Not thread-safe. */
public final class Spending implements LearnerObserver {
    private final Map<String, Acm> modules = new HashMap<>();
    private double dense;
    private double learnerFlops;
    private double gateFlops;
    private long counts;
    private long visits;

    public Spending(List<Acm> modules) {
        modules.forEach(acm -> this.modules.put(acm.path(), acm));
    }

    @Override
    public void spent(String module, int[] learners, int tokens, int gated) {
        Acm acm = modules.get(module);
        long sum = 0;
        for (int i = 0; i < tokens; i++) {
            sum += learners[i];
        }
        counts += sum;
        visits += tokens;
        learnerFlops += (double) sum * acm.learnerFlops();
        gateFlops += (double) gated * acm.gateFlops();
        dense += (double) tokens * acm.denseFlops();
    }

    /** Learners run per token and module, on average. */
    public double meanLearners() {
        return (double) counts / visits;
    }

    /** Share of the modules' dense FLOPs that learners and gates cost. */
    public double share() {
        return (learnerFlops + gateFlops) / dense;
    }
}
