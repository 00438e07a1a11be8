package io.tokenwise.server;

import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.model.Encoder;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Notes for each token of one input the share of all learners that it went through, mean over the modules; a token that leaves has none. For one thread. */
final class Shading implements LearnerObserver {
    private final Map<String, AdaptiveModule> modules;
    private final double[] shares;
    private boolean told;

    /** @param tokens of the input */
    Shading(Encoder encoder, int tokens) {
        modules = encoder.modules().stream().collect(Collectors.toMap(AdaptiveModule::path, Function.identity()));
        shares = new double[tokens];
    }

    @Override
    public void spent(String module, int[] learners, int tokens, int gated) {
        told = true;
        int most = modules.get(module).learners();
        for (int token = 0; token < shares.length; token++) {
            shares[token] += (double) learners[token] / most / modules.size();
        }
    }

    /** Of each token. Where no module was asked, the dense layers ran: it is all of them. */
    double[] shares() {
        if (!told) {
            Arrays.fill(shares, 1);
        }
        return shares;
    }
}
