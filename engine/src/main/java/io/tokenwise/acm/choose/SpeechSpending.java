package io.tokenwise.acm.choose;

import java.util.List;

/** {@link Spending} of a speech model's encoder, over frames, and of its decoder, over tokens, apart. Not thread-safe. */
public final class SpeechSpending implements LearnerObserver {
    private final List<String> encoderPaths;
    private final Spending encoder;
    private final Spending decoder;
    private final Spending both;

    /**
     * @param modules of the model, the encoder's first
     * @param ofEncoder how many are the encoder's
     */
    public SpeechSpending(List<Acm> modules, int ofEncoder) {
        List<Acm> encoderModules = modules.subList(0, ofEncoder);
        encoderPaths = encoderModules.stream().map(Acm::path).toList();
        encoder = new Spending(encoderModules);
        decoder = new Spending(modules.subList(ofEncoder, modules.size()));
        both = new Spending(modules);
    }

    @Override
    public void spent(String module, int[] learners, int tokens, int gated) {
        (encoderPaths.contains(module) ? encoder : decoder).spent(module, learners, tokens, gated);
        both.spent(module, learners, tokens, gated);
    }

    public Spending encoder() {
        return encoder;
    }

    public Spending decoder() {
        return decoder;
    }

    public Spending both() {
        return both;
    }
}
