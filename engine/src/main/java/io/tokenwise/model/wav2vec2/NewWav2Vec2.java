package io.tokenwise.model.wav2vec2;

import io.tokenwise.kernels.Activation;
import io.tokenwise.model.SoundForm;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.util.Collections;
import java.util.List;

/** Small models that no file holds yet, to be trained from random weights. */
public final class NewWav2Vec2 {
    /** 320 samples from one frame to the next, which is 20 ms as in published models, by four convolutions instead of seven. */
    public static final SoundForm SOUND = new SoundForm(
            List.of(
                    new SoundForm.Step(10, 5),
                    new SoundForm.Step(8, 4),
                    new SoundForm.Step(8, 4),
                    new SoundForm.Step(8, 4)),
            480_000);

    /** Frames that tell a frame where it is: a third of a second on each side. */
    private static final int PLACE_WIDTH = 32;

    private static final int COLUMNS_OF_A_GROUP = 12;

    private NewWav2Vec2() {}

    /**
     * Norms are as in XLS-R, before attention and MLP and behind each convolution: so it learns from random weights without tricks.
     *
     * @param hidden width of frames in the layers; convolutions have half as many channels, since they see up to 64 rows for each frame
     * @param heads divides {@code hidden}
     */
    public static SpeechDescription describe(String name, int hidden, int layers, int heads, CtcVocabulary letters) {
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
                true,
                Activation.GELU,
                true,
                PLACE_WIDTH,
                hidden % COLUMNS_OF_A_GROUP == 0 ? hidden / COLUMNS_OF_A_GROUP : 1,
                letters.size(),
                true);
        return sizes.description(name, SOUND, letters);
    }
}
