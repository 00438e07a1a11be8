package io.tokenwise.train;

import io.tokenwise.backend.Backend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.model.SoundForm;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.wav2vec2.NewWav2Vec2;
import io.tokenwise.op.CtcLosses;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32;

/**
 * Trains a speech model with CTC, a small wav2vec 2.0, from random weights to a directory with it, with a checkpoint beside it while it runs. Killed and
 * started again with the same arguments it goes on from the checkpoint.
 *
 * @param recordings a tenth of the different ones, at most 200, is not trained on, whatever repeats them, but shows on the way how many the model has right
 * @param out where the model goes; it must not exist, or be empty
 * @param checkpointSteps how often a checkpoint is written
 * @param stored in which type the model's matrices are stored
 */
public record CtcTrainingRun(
        List<LabelledRecording> recordings,
        CtcTrainingConfig config,
        Path out,
        int checkpointSteps,
        StoredType stored) {
    private static final int MOST_HELD_OUT = 200;
    private static final int LEAST_RECORDINGS = 20;

    /** @throws IllegalArgumentException if there are too few recordings */
    public CtcTrainingRun {
        if (recordings.size() < LEAST_RECORDINGS) {
            throw tooFew("there are " + recordings.size() + " recordings");
        }
        // In another order than they came in, by which those that are held out are like the others.
        var shuffled = new ArrayList<>(recordings);
        Collections.shuffle(shuffled, new Random(config.seed()));
        recordings = List.copyOf(shuffled);
    }

    private static IllegalArgumentException tooFew(String fact) {
        return new IllegalArgumentException(
                fact + "; at least " + LEAST_RECORDINGS + " are needed, and thousands are better");
    }

    /** The file that holds the state of an unfinished run. */
    public Path checkpoint() {
        return TrainingOutput.checkpoint(out);
    }

    /** What is trained: its letters are those of all texts. */
    SpeechDescription description() {
        return NewWav2Vec2.describe(
                out.toString(),
                config.hidden(),
                config.layers(),
                config.heads(),
                CtcVocabulary.of(
                        recordings.stream().map(LabelledRecording::text).toList()));
    }

    /**
     * Runs to the end and writes the model. Recordings that are too short for their texts are left out.
     *
     * @return the share of the held-out recordings of which it writes the very text
     * @throws IllegalArgumentException if a recording is too long, or too few can say their texts
     * @throws InterruptedException if the thread was interrupted; a checkpoint of the last step was written
     * @throws DivergedException if training gave numbers that are none; the last checkpoint is still there
     * @throws io.tokenwise.api.BadFileException if there is a checkpoint, but not of this run
     */
    public double run(Backend backend, TrainingListener listener) throws IOException, InterruptedException {
        try (TrainingOutput output = TrainingOutput.begin(out, ModelWriter.Existing.KEEP)) {
            var loop = new TrainingLoop(output, checkpointSteps, config.epochs(), stored, null, listener);
            SpeechDescription description = description();
            List<LabelledRecording> learnt = learnt(description, listener);
            Parts parts = split(learnt);
            try (Encoder model = NewEncoder.untrained(description, backend);
                    var training = new CtcTraining(model, parts.trained, config, backend)) {
                return loop.run(training, () -> training.right(parts.heldOut), identity(description, backend));
            }
        }
    }

    /** Recordings that are not trained on, each once, and those that are, as often as they were given. */
    record Parts(List<LabelledRecording> heldOut, List<LabelledRecording> trained) {}

    /** The first of the different ones are held out; what repeats these is on neither side. */
    static Parts split(List<LabelledRecording> learnt) {
        long different = learnt.stream().map(CtcTrainingRun::content).distinct().count();
        if (different < LEAST_RECORDINGS) {
            throw tooFew("there are " + different + " different ones among " + learnt.size() + " recordings");
        }
        long measured = Math.min(MOST_HELD_OUT, different / 10);
        var chosen = new HashSet<Object>();
        List<LabelledRecording> heldOut = learnt.stream()
                .filter(recording -> chosen.size() < measured && chosen.add(content(recording)))
                .toList();
        List<LabelledRecording> trained = learnt.stream()
                .filter(recording -> !chosen.contains(content(recording)))
                .toList();
        return new Parts(heldOut, trained);
    }

    private static Object content(LabelledRecording recording) {
        // A buffer's own hash is of whole numbers, which all samples of a recording are: 0.
        return List.of(Arrays.hashCode(recording.samples()), FloatBuffer.wrap(recording.samples()), recording.text());
    }

    private List<LabelledRecording> learnt(SpeechDescription description, TrainingListener listener) {
        var learnt = new ArrayList<LabelledRecording>();
        var leftOut = new ArrayList<String>();
        for (LabelledRecording recording : recordings) {
            Optional<String> lack = lack(recording, description);
            lack.ifPresentOrElse(leftOut::add, () -> learnt.add(recording));
        }
        if (!leftOut.isEmpty()) {
            listener.leftOut(leftOut.size(), recordings.size(), leftOut.getFirst());
        }
        if (learnt.size() < LEAST_RECORDINGS) {
            throw tooFew("of " + recordings.size() + " recordings " + learnt.size() + " can say their texts");
        }
        return learnt;
    }

    /** What a recording lacks to say its text. */
    private static Optional<String> lack(LabelledRecording recording, SpeechDescription description) {
        SoundForm sound = description.sound();
        int samples = recording.samples().length;
        if (samples > sound.mostSamples()) {
            throw new IllegalArgumentException(recording.name() + ": has " + samples + " samples at 16 kHz; at most "
                    + sound.mostSamples() + " can be learnt from at once");
        }
        int[] text = ((CtcVocabulary) description.vocabulary()).encode(recording.text());
        int least = CtcLosses.leastFrames(text);
        return sound.frames(samples) >= Math.max(1, least)
                ? Optional.empty()
                : Optional.of(recording.name() + ": has " + sound.frames(samples) + " frames, its " + text.length
                        + " letters need " + least + " (one each, and one between two that are the same)");
    }

    private Map<String, String> identity(SpeechDescription description, Backend backend) {
        var sum = new CRC32();
        for (LabelledRecording recording : recordings) {
            sum.update(recording.text().getBytes(StandardCharsets.UTF_8));
            var bytes = ByteBuffer.allocate(Float.BYTES * recording.samples().length);
            bytes.asFloatBuffer().put(recording.samples());
            sum.update(bytes.array());
        }
        return TrainingLoop.identity(config, description, "recordings", recordings.size(), sum, backend);
    }
}
