package io.tokenwise.train;

import io.tokenwise.api.Budget;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.CtcLosses;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * Trains a speech model with CTC on recordings and their texts. Each time a recording is heard its speed is another (.9, 1 or
 * 1.1 of its own, Ko et al. 2015) and a part of it is silent (as SpecAugment does, Park et al. 2019).
 */
final class CtcTraining extends EpochTraining {
    /** Frames from which on recordings go through the model, so that what layers leave for the backward pass stays small. */
    private static final int FRAMES_AT_ONCE = 500;

    /** In rates that are taken for that of the recording. */
    private static final int[] SPEEDS = {14_400, Sound.SPEECH_HZ, 17_600};

    private final CtcTrainingConfig config;
    private final SpeechDescription description;
    private final CtcVocabulary letters;
    private final List<LabelledRecording> recordings;
    private final Pass pass;
    private final TokenBatch batch = new TokenBatch();
    private final List<AdamW> optimizers;

    /** @param model with zero weights, which become random ones */
    CtcTraining(Encoder model, List<LabelledRecording> recordings, CtcTrainingConfig config, Backend backend) {
        super(
                model,
                backend,
                recordings.size(),
                schedule(recordings.size(), config.recordingsPerStep(), config.epochs(), config.rate()),
                config.seed());
        this.config = config;
        this.recordings = recordings;
        description = (SpeechDescription) model.description();
        letters = (CtcVocabulary) description.vocabulary();
        pass = new Pass(stream, workspace);
        Map<Boolean, List<Parameter>> matrices = model.parameters().all().stream()
                .collect(Collectors.partitioningBy(parameter -> parameter.kind() == Parameter.Kind.WEIGHT));
        optimizers = List.of(
                new AdamW(model.parameters(), matrices.get(true), CLIP_NORM, config.decay()),
                new AdamW(model.parameters(), matrices.get(false), CLIP_NORM, 0));
        fill();
    }

    /** Matrices keep the size of what they multiply; all else changes nothing at first. */
    private void fill() {
        RandomGenerator random = EpochOrder.random(config.seed(), -1);
        for (Parameter parameter : model.parameters().all()) {
            try (HostTensor values = parameter.write()) {
                double deviation = 1 / Math.sqrt(values.rows());
                for (int i = 0; i < values.size(); i++) {
                    values.set(i, (float)
                            switch (parameter.kind()) {
                                case GAIN -> 1;
                                case SHIFT, BIAS -> 0;
                                case WEIGHT, TABLE -> deviation * random.nextGaussian();
                            });
                }
            }
            parameter.changed();
        }
    }

    @Override
    protected List<AdamW> optimizers() {
        return optimizers;
    }

    /** The loss is the mean over recordings of how unlikely their letters are. */
    @Override
    protected double learn() {
        double loss = 0;
        List<int[]> texts = new ArrayList<>();
        batch.clear();
        for (int i = 0; i < config.recordingsPerStep(); i++) {
            RandomGenerator random = EpochOrder.random(config.seed() + 1, order.consumed());
            LabelledRecording recording = recordings.get(order.next());
            int[] text = letters.encode(recording.text());
            texts.add(text);
            model.add(batch, varied(recording.samples(), CtcLosses.leastFrames(text), random));
            if (batch.tokens() >= FRAMES_AT_ONCE || i == config.recordingsPerStep() - 1) {
                loss += learn(texts.toArray(int[][]::new));
                texts.clear();
                batch.clear();
            }
        }
        return loss / config.recordingsPerStep();
    }

    private double learn(int[]... texts) {
        pass.begin(Budget.FULL);
        var tape = new Tape();
        pass.train(tape);
        Tensor logits = model.frameWriter().logits(pass, model.tokens(pass, batch));
        Tensor dLogits = pass.tensor(logits.rows(), logits.columns());
        double weight = 1.0 / config.recordingsPerStep();
        double loss = CtcLosses.sum(stream, logits, batch.offsets(), texts, letters.blank(), weight, dLogits);
        var gradients = new Gradients(stream, workspace);
        gradients.add(logits, dLogits);
        tape.backward(gradients, stream, workspace);
        return loss;
    }

    /** At another speed, unless it has too few frames then, and with silence somewhere. */
    private int[] varied(float[] samples, int leastFrames, RandomGenerator random) {
        int speed = SPEEDS[random.nextInt(SPEEDS.length)];
        float[] heard = samples;
        if (speed != Sound.SPEECH_HZ) {
            float[] other = resampled(samples, speed);
            boolean fits = other.length <= description.sound().mostSamples()
                    && description.sound().frames(other.length) >= Math.max(1, leastFrames);
            heard = fits ? other : samples;
        }
        int length = (int) (random.nextDouble() * config.masked() * heard.length);
        int from = random.nextInt(heard.length - length + 1);
        int[] bits = bits(heard);
        Arrays.fill(bits, from, from + length, Float.floatToRawIntBits(0));
        return bits;
    }

    /** As if the samples had been taken at that rate. */
    static float[] resampled(float[] samples, int rateHz) {
        Sound sound = Resampler.to16kHz(Sound.of(rateHz, samples));
        var all = new float[Math.toIntExact(Math.ceilDiv((long) samples.length * Sound.SPEECH_HZ, rateHz))];
        int count = 0;
        try {
            for (int read = 0; read >= 0 && count < all.length; count += Math.max(0, read)) {
                read = sound.read(all, count, all.length - count);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Arrays.copyOf(all, count);
    }

    static int[] bits(float... samples) {
        var bits = new int[samples.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(samples[i]));
        return bits;
    }

    /** The share of other recordings of which the model writes the very text. */
    double right(List<LabelledRecording> others) {
        model.prepare(stream);
        int right = 0;
        for (LabelledRecording recording : others) {
            batch.clear();
            model.add(batch, bits(recording.samples()));
            Tensor frames = model.tokens(pass.begin(Budget.FULL), batch);
            String text = letters.decode(model.writer().write(pass, frames, recording.samples().length));
            right += text.equals(recording.text()) ? 1 : 0;
        }
        return (double) right / others.size();
    }
}
