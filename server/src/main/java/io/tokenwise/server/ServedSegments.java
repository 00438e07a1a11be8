package io.tokenwise.server;

import io.tokenwise.Spent;
import io.tokenwise.TimedText;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.Sound;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.SoundForm;
import io.tokenwise.serving.Served;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.Transcription;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;

/** A speech model in a queue: a segment's samples in, as the bits of floats at {@link Sound#SPEECH_HZ}, its text out. Times are from the segment's begin. */
final class ServedSegments implements Served<TimedText> {
    /** Of noise that is no silence. */
    private static final double LOUDNESS = 0.1;

    private static final int MEASURED_SECONDS = 10;

    private final String name;
    private final OpenModel model;

    ServedSegments(String name, OpenModel model) {
        this.name = name;
        this.model = model;
    }

    /** Samples as an input has them. */
    static int[] bits(float[] samples) {
        return IntStream.range(0, samples.length)
                .map(i -> Float.floatToRawIntBits(samples[i]))
                .toArray();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int tokens(int[] input) {
        return encoder().description().tokens(input);
    }

    @Override
    public int[] sample(int tokens) {
        int samples = sound().leastSamples() + (tokens - 1) * sound().frameSamples();
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(tokens);
        var noise = new int[samples];
        Arrays.setAll(noise, i -> Float.floatToRawIntBits((float) Math.clamp(LOUDNESS * random.nextGaussian(), -1, 1)));
        return noise;
    }

    /** Of ten seconds of speech, from which longer segments are reckoned: half a minute would take long to measure. */
    @Override
    public int maxTokens() {
        return sound().frames(MEASURED_SECONDS * Sound.SPEECH_HZ);
    }

    @Override
    public void giveBackMemory() {
        model.sessions().giveBackMemory();
    }

    @Override
    public boolean isAdaptive() {
        return encoder().isAdaptive();
    }

    @Override
    public Budget budget(double share) {
        return encoder().budget(share);
    }

    @Override
    public Spent spent(int[] input, Budget budget) {
        encoder().plan(input, budget);
        return Spent.of(encoder(), input, budget);
    }

    @Override
    public List<TimedText> run(List<int[]> inputs, List<Budget> budgets) {
        return IntStream.range(0, inputs.size())
                .mapToObj(i -> text(inputs.get(i), budgets.get(i)))
                .toList();
    }

    private TimedText text(int[] bits, Budget budget) {
        var samples = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            samples[i] = Float.intBitsToFloat(bits[i]);
        }
        int[] tokens = new Transcription(model, budget, null, Deadline.NONE).tokens(samples);
        String text = model.files().speech().vocabulary().decode(tokens);
        return new TimedText(0, (double) bits.length / Sound.SPEECH_HZ, text, tokens.length);
    }

    /** As long as the segment was spoken: text then comes as fast as speech. */
    @Override
    public Duration target(int[] input, Duration asked) {
        var spoken = Duration.ofMillis(1_000L * input.length / Sound.SPEECH_HZ);
        return spoken.compareTo(asked) > 0 ? spoken : asked;
    }

    private SoundForm sound() {
        return model.files().speech().sound();
    }

    private Encoder encoder() {
        return model.encoder();
    }
}
