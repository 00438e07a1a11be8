package io.tokenwise.cli;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.LearnerObserver;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** For each frame of one recording the share of all learners that it used, mean over the encoder's modules. For one thread. */
final class FrameLearners implements LearnerObserver {
    private final Map<String, Acm> modules = new HashMap<>();
    private double[] shares = new double[0];

    /** @param encoder its modules; others are not counted */
    FrameLearners(List<Acm> encoder) {
        encoder.forEach(acm -> modules.put(acm.path(), acm));
    }

    @Override
    public void spent(String module, int[] learners, int tokens, int gated) {
        Acm acm = modules.get(module);
        if (acm == null) {
            return;
        }
        if (shares.length != tokens) {
            shares = new double[tokens];
        }
        for (int frame = 0; frame < tokens; frame++) {
            shares[frame] += (double) learners[frame] / acm.learners() / modules.size();
        }
    }

    double[] shares() {
        return shares.clone();
    }
}
