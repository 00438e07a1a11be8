package io.tokenwise.bench.faults;

import io.tokenwise.finetune.Labels;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import io.tokenwise.train.CtcTrainingConfig;
import io.tokenwise.train.LabelledRecording;
import io.tokenwise.train.VitTrainingConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** What small trainings learn from. */
final class Examples {
    static final VitTrainingConfig VIT = new VitTrainingConfig(2, 8, 1e-3, .05, .1, true, .3, .5, .5, 3);
    static final CtcTrainingConfig CTC = new CtcTrainingConfig(24, 1, 2, 1, 3, 5e-3, .01, .1, 3);

    private static final VitArchitecture SIZES = new VitArchitecture(24, 1, 3, 48, 8, 4, 2, 1e-6);
    private static final List<String> SHADES = List.of("dark", "bright");
    private static final int WORDS = 97;
    private static final int HZ = 16_000;

    private Examples() {}

    static List<int[]> texts() {
        var random = new SplittableRandom(3);
        return IntStream.range(0, 60)
                .mapToObj(_ -> random.ints(random.nextInt(3, 9), 5, WORDS).toArray())
                .toList();
    }

    static Labels classes() {
        List<int[]> texts = texts();
        return Labels.Classes.of(
                texts, texts.stream().map(text -> "class " + text[0] % 3).toList());
    }

    static Labels pairs() {
        List<int[]> texts = texts();
        int half = texts.size() / 2;
        return new Labels.Pairs(
                texts.subList(0, half),
                texts.subList(half, 2 * half),
                new SplittableRandom(4).doubles(half).toArray());
    }

    static LabelledImages images() {
        var random = new SplittableRandom(1);
        var pixels = new ArrayList<int[]>();
        var labels = new int[40];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % 2;
            int floor = labels[i] == 0 ? 0 : 0x808080;
            pixels.add(random.ints(64).map(bits -> floor + (bits & 0x7F7F7F)).toArray());
        }
        return new LabelledImages(8, 8, pixels, labels, SHADES);
    }

    static ImageDescription image() {
        return new ImageDescription(
                "vit", VitFamily.VIT, SIZES, ImagePreparation.stretched(8), SHADES, Optional.empty());
    }

    /** Noise of an eighth of a second and more, as the bits of floats. */
    static List<int[]> sounds() {
        var random = new SplittableRandom(5);
        return IntStream.range(0, 20)
                .mapToObj(i -> random.doubles(HZ / 8 + 60L * i)
                        .mapToInt(value -> Float.floatToRawIntBits((float) (value - .5)))
                        .toArray())
                .toList();
    }

    /** One or two tones of 40 ms, low for a and high for b. */
    static List<LabelledRecording> tones() {
        var random = new SplittableRandom(7);
        var recordings = new ArrayList<LabelledRecording>();
        for (int i = 0; i < 24; i++) {
            var text = new StringBuilder();
            int tones = 1 + i % 2;
            var samples = new float[tones * HZ / 16 + HZ / 20];
            for (int at = 0; at < samples.length; at++) {
                samples[at] = (float) (.01 * random.nextDouble());
            }
            for (int tone = 0; tone < tones; tone++) {
                boolean high = random.nextBoolean();
                text.append(high ? 'b' : 'a');
                int from = HZ / 40 + tone * HZ / 16;
                for (int at = from; at < from + HZ * 4 / 100; at++) {
                    samples[at] += (float) (.3 * Math.sin(2 * Math.PI * at * (high ? 1_500 : 400) / HZ));
                }
            }
            recordings.add(new LabelledRecording("tone " + i, samples, text.toString()));
        }
        return recordings;
    }
}
