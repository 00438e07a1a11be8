package io.tokenwise.acm.choose;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adds up what adaptive modules spend. Not thread-safe. */
public final class Spending implements LearnerObserver {
    private final Map<String, OfModule> modules = new HashMap<>();

    private static final class OfModule {
        private final AdaptiveModule module;
        private long learners;
        private long tokens;
        private long gated;

        OfModule(AdaptiveModule module) {
            this.module = module;
        }

        double flops() {
            return (double) learners * module.learnerFlops() + (double) gated * module.gateFlops();
        }

        double denseFlops() {
            return (double) tokens * module.denseFlops();
        }
    }

    public Spending(List<? extends AdaptiveModule> modules) {
        modules.forEach(module -> this.modules.put(module.path(), new OfModule(module)));
    }

    @Override
    public void spent(String module, int[] learners, int tokens, int gated) {
        OfModule of = modules.get(module);
        for (int i = 0; i < tokens; i++) {
            of.learners += learners[i];
        }
        of.tokens += tokens;
        of.gated += gated;
    }

    /** Learners run per token and module, on average. */
    public double meanLearners() {
        return (double) modules.values().stream().mapToLong(of -> of.learners).sum()
                / modules.values().stream().mapToLong(of -> of.tokens).sum();
    }

    /** Share of the modules' dense FLOPs that learners and gates cost. */
    public double share() {
        return share(modules.values());
    }

    /** Share of one module's dense FLOPs that its learners and its gate cost. */
    public double share(String module) {
        return share(List.of(modules.get(module)));
    }

    private static double share(Collection<OfModule> some) {
        return some.stream().mapToDouble(OfModule::flops).sum()
                / some.stream().mapToDouble(OfModule::denseFlops).sum();
    }
}
