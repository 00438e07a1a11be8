package io.tokenwise.model.wav2vec2;

import io.tokenwise.references.RandomModel;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Models with random weights on which every term matters, in folders as Hugging Face has them, and recordings. */
final class OnSmallWav2Vec2 {
    /** As base models are: a norm of each channel in front, layers with norms after. */
    static final Map<String, Object> BASE = Map.of();

    /** As large models and XLS-R are: LayerNorms in front, layers with norms before. */
    static final Map<String, Object> LARGE = Map.of("feat_extract_norm", "layer", "do_stable_layer_norm", true);

    /** As hubert-large-ls960-ft is: the same under other names. */
    static final Map<String, Object> HUBERT =
            Map.of("model_type", "hubert", "feat_extract_norm", "layer", "do_stable_layer_norm", true);

    /** One without a norm before frames are projected. */
    static final Map<String, Object> NORMLESS_HUBERT = Map.of("model_type", "hubert", "feat_proj_layer_norm", false);

    private OnSmallWav2Vec2() {}

    /** What transformers has before the names of all tensors but the head's. */
    static String prefix(RandomModel model) {
        return model.config().get("model_type") + ".";
    }

    /** With the seven convolutions that all published models have, of few channels. */
    static RandomModel model(Map<String, ?> changes) throws IOException {
        var config = new LinkedHashMap<String, Object>();
        config.put("conv_dim", List.of(32, 24, 24, 40, 24, 24, 40));
        config.put("conv_kernel", List.of(10, 3, 3, 3, 3, 2, 2));
        config.put("conv_stride", List.of(5, 2, 2, 2, 2, 2, 2));
        config.put("num_feat_extract_layers", 7);
        config.putAll(changes);
        return RandomModel.small("wav2vec2", config, 5);
    }

    /** Recordings are taken as they are. */
    static void write(RandomModel model, Path folder, String prefix) throws IOException {
        model.write(folder, prefix);
        int tokens = (Integer) model.config().get("vocab_size");
        Files.writeString(
                folder.resolve(CtcVocabulary.FILE),
                IntStream.range(0, tokens)
                        .mapToObj(i ->
                                "\"" + (i == 0 ? "<pad>" : i == 1 ? "|" : Character.toString(0x3b0 + i)) + "\": " + i)
                        .collect(Collectors.joining(", ", "{", "}")));
        Files.writeString(folder.resolve("preprocessor_config.json"), "{\"do_normalize\": false}");
    }

    /** Noise that swells and fades. */
    static List<float[]> recordings(int... lengths) {
        var random = new SplittableRandom(3);
        var recordings = new ArrayList<float[]>();
        for (int length : lengths) {
            var samples = new float[length];
            for (int i = 0; i < length; i++) {
                samples[i] = (float) (random.nextGaussian() * Math.abs(Math.sin(i * .01)));
            }
            recordings.add(samples);
        }
        return recordings;
    }

    static int[] bits(float... samples) {
        return IntStream.range(0, samples.length)
                .map(i -> Float.floatToRawIntBits(samples[i]))
                .toArray();
    }
}
