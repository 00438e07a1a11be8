package io.tokenwise.bench.soak;

import io.tokenwise.audio.Sound;
import io.tokenwise.image.Image;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What is asked about.
 *
 * @param texts one of each of many lengths; the last has no words
 * @param sounds at {@link Sound#SPEECH_HZ}
 */
record SoakInputs(List<String> texts, List<Image> images, List<float[]> sounds) {
    /** A text of so many is cut. */
    private static final int MOST_WORDS = 320;

    private static final int MOST_WORDS_FOR_A_LOOK = 60;
    private static final int SOUNDS_FOR_A_LOOK = 2;
    private static final int EXAMPLES = 1000;

    /** @param examples of whose words texts are made, up to one that is cut */
    static SoakInputs of(List<String> examples) {
        return new SoakInputs(texts(examples, MOST_WORDS), randomImages(), noises());
    }

    /** Short ones only, for a quick look. */
    static SoakInputs few(List<String> examples) {
        return new SoakInputs(
                texts(examples, MOST_WORDS_FOR_A_LOOK), randomImages(), noises().subList(0, SOUNDS_FOR_A_LOOK));
    }

    private static List<String> texts(List<String> examples, int most) {
        List<String> words =
                List.of(String.join(" ", examples.subList(0, EXAMPLES)).split(" "));
        var texts = new ArrayList<String>();
        int from = 0;
        for (int tokens = 3; tokens < most; tokens += 1 + tokens / 4) {
            // About a token a word.
            texts.add(String.join(" ", words.subList(from, from + tokens)));
            from += tokens;
        }
        texts.add("");
        return texts;
    }

    private static List<Image> randomImages() {
        var random = new SplittableRandom(5);
        return IntStream.of(32, 32, 48, 100)
                .mapToObj(side ->
                        new Image(side, 32, random.ints(32L * side, 0, 1 << 24).toArray()))
                .toList();
    }

    private static List<float[]> noises() {
        return List.of(noise(.02, 1), noise(.3, 2), noise(1.1, 3), noise(2.5, 4));
    }

    private static float[] noise(double seconds, long seed) {
        var random = new SplittableRandom(seed);
        var samples = new float[(int) (seconds * Sound.SPEECH_HZ)];
        float last = 0;
        for (int i = 0; i < samples.length; i++) {
            last = .9f * last + .1f * (float) random.nextGaussian();
            samples[i] = last;
        }
        return samples;
    }

    /** For models that guess hidden words. */
    List<String> hidden() {
        return texts.stream().map(text -> "the [MASK] of " + text).toList();
    }

    static <T> List<T> picked(List<T> all, List<Integer> numbers) {
        return numbers.stream().map(all::get).toList();
    }
}
