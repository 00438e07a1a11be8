package io.tokenwise.train;

import io.tokenwise.kernels.Activation;
import io.tokenwise.model.SoundForm;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.wav2vec2.Wav2Vec2Architecture;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.util.Collections;
import java.util.List;

/**
 * What speech model is trained from random weights, and how. The defaults suit an hour of short recordings.
 *
 * @param hidden width of frames in the layers; the convolutions that make them have half as many channels, since they see 40 rows for each frame
 * @param layers transformer layers
 * @param heads of attention; divides {@code hidden}
 * @param epochs how often each recording is heard, varied each time
 * @param recordingsPerStep of a batch
 * @param rate peak learning rate; it rises over a twentieth of the steps and then falls to nothing along a cosine
 * @param decay AdamW's, of matrices
 * @param masked the longest part of a recording that is silenced, at a random place each time, as a share of it
 * @param seed of everything random: same seed, same recordings, same weights
 */
public record CtcTrainingConfig(
        int hidden,
        int layers,
        int heads,
        int epochs,
        int recordingsPerStep,
        double rate,
        double decay,
        double masked,
        long seed) {
    public static final int USUAL_EPOCHS = 30;

    /** 320 samples from one frame to the next, which is 20 ms as in wav2vec 2.0, by four convolutions instead of seven. */
    private static final SoundForm SOUND = new SoundForm(
            List.of(
                    new SoundForm.Step(10, 5),
                    new SoundForm.Step(8, 4),
                    new SoundForm.Step(8, 4),
                    new SoundForm.Step(8, 4)),
            480_000);

    /** Frames that tell a frame where it is: a third of a second on each side. */
    private static final int PLACE_WIDTH = 32;

    private static final int COLUMNS_OF_A_GROUP = 12;

    public CtcTrainingConfig {
        if (hidden < 1 || layers < 1 || heads < 1 || hidden % heads != 0) {
            throw new IllegalArgumentException("hidden, layers and heads must be at least 1, and heads divide hidden;"
                    + " they are " + hidden + ", " + layers + " and " + heads);
        }
        if (epochs < 1 || recordingsPerStep < 1) {
            throw new IllegalArgumentException(
                    "epochs and recordings per step must be at least 1, are " + epochs + " and " + recordingsPerStep);
        }
        if (!(rate > 0 && rate < 1) || !(decay >= 0 && decay < 1) || !(masked >= 0 && masked < 1)) {
            throw new IllegalArgumentException(
                    "rate, decay and masked must be from 0 to 1, are " + rate + ", " + decay + " and " + masked);
        }
    }

    public static CtcTrainingConfig of(int hidden, int layers, int heads, int epochs, long seed) {
        return new CtcTrainingConfig(hidden, layers, heads, epochs, 32, 1e-3, 0.05, 0.15, seed);
    }

    /** The model: norms as in XLS-R, before attention and MLP and behind each convolution, which learn from random weights without tricks. */
    SpeechDescription description(String name, CtcVocabulary letters) {
        int groups = hidden % COLUMNS_OF_A_GROUP == 0 ? hidden / COLUMNS_OF_A_GROUP : 1;
        var sizes = new Wav2Vec2Architecture(
                hidden,
                layers,
                heads,
                4 * hidden,
                1e-5,
                Collections.nCopies(SOUND.convolutions().size(), Math.ceilDiv(hidden, 2)),
                true,
                true,
                Activation.GELU,
                Activation.GELU,
                true,
                PLACE_WIDTH,
                groups,
                letters.size(),
                true);
        return sizes.description(name, SOUND, letters);
    }
}
