package io.tokenwise.model.wav2vec2;

import io.tokenwise.kernels.Activation;
import io.tokenwise.model.Architecture;
import io.tokenwise.model.SoundForm;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.util.List;
import java.util.Optional;

/**
 * The sizes of a wav2vec 2.0 (Baevski et al. 2020) with a head for CTC, or of an XLS-R (Babu et al. 2021) or HuBERT (Hsu et al. 2021), which differ in norms.
 *
 * @param layerNormEpsilon of all norms but those of the feature encoder
 * @param channels of the feature encoder's convolutions, first to last
 * @param convolutionBias whether these have biases
 * @param normOfAll whether each of them has a LayerNorm; else the first has a norm of each channel over time, and the others none
 * @param soundActivation of the feature encoder, and of the convolution that tells positions
 * @param frameNorm whether frames have a LayerNorm before they are projected to the layers' width
 * @param activation of the layers' MLPs
 * @param normsBefore whether layers have their norms before attention and MLP, and one more stands behind the last; else after them, and one more before the
 *     first
 * @param placeWidth frames that the convolution that tells positions sees
 * @param placeGroups groups of its columns; divides the hidden size
 * @param vocabularySize what a frame may be
 * @param levelled whether each recording is brought to mean 0 and variance 1
 */
public record Wav2Vec2Architecture(
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        double layerNormEpsilon,
        List<Integer> channels,
        boolean convolutionBias,
        boolean normOfAll,
        Activation soundActivation,
        boolean frameNorm,
        Activation activation,
        boolean normsBefore,
        int placeWidth,
        int placeGroups,
        int vocabularySize,
        boolean levelled)
        implements Architecture {
    public Wav2Vec2Architecture {
        channels = List.copyOf(channels);
    }

    /** A model of these sizes that is made, not read. */
    public SpeechDescription description(String name, SoundForm sound, CtcVocabulary letters) {
        return new SpeechDescription(name, Wav2Vec2Family.WAV2VEC2, this, sound, letters, Optional.empty());
    }
}
