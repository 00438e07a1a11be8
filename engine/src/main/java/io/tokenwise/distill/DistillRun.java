package io.tokenwise.distill;

import io.tokenwise.api.BadFileException;
import io.tokenwise.autograd.GradientNotFiniteException;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Objective;
import io.tokenwise.session.Sessions;
import io.tokenwise.tokenizer.Frame;
import io.tokenwise.tokenizer.Tokenizer;
import io.tokenwise.train.DivergedException;
import io.tokenwise.train.Measurement;
import io.tokenwise.train.TrainingOutput;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * A distillation from a model's files and texts to a directory with the adaptive model, with a checkpoint beside it while it
 * runs. Killed and started again with the same arguments it goes on from the checkpoint.
 *
 * @param files of the dense teacher, or of an adaptive model that goes on learning from what it is at full budget; not closed
 * @param inputs token ids of texts, pixels of images or samples of recordings; some are {@linkplain #heldOut kept} for calibration and to show quality, the others are trained
 *     on
 * @param out where the model goes
 * @param existing what to do if there is one
 * @param checkpointSteps how often a checkpoint is written
 * @param stored in which type the model's matrices are stored
 * @param shorterTexts for a control, a dense student that is given the inputs without their most frequent words; else empty
 */
public record DistillRun(
        ModelFiles files,
        List<int[]> inputs,
        DistillConfig config,
        Path out,
        ModelWriter.Existing existing,
        int checkpointSteps,
        StoredType stored,
        Optional<ShorterTexts> shorterTexts) {
    /** The budget at which quality is shown on the way; of a control that is given fewer words the share of the words. */
    public static final double SHOWN_BUDGET = 0.5;

    /** So often is quality measured on the way. */
    private static final int QUALITIES = 20;

    /**
     * On so many tokens for each that is trained on, but the last time on all texts. A step costs five forward passes, so all that takes a twentieth of
     * the time.
     */
    private static final double MEASURED_SHARE = 0.05 * 5 / QUALITIES;

    private static final long LEAST_MEASURED_TOKENS = 1_000;

    /** Told what happens; called on the thread that runs. */
    public interface Listener {
        /** The run goes on from a checkpoint; the history is that of the steps before. */
        default void resumed(int nextStep, History history) {}

        /** All steps are done; budgets are calibrated now, which takes a while. */
        default void trained() {}

        /** After each step. */
        default void step(Distillation.Step step) {}

        /** Now and then, and once more when the model is calibrated. */
        default void quality(History.Quality quality) {}

        /**
         * The model is written. A run that is killed in here, or that fails here, comes here again when it is started again, without
         * training again.
         */
        default void written(History history) throws IOException, InterruptedException {}
    }

    /**
     * @throws BadFileException if the model is of a kind that cannot be made adaptive
     * @throws IllegalArgumentException if there is too little text
     */
    public DistillRun {
        check(files);
        ModelDescription model = files.description();
        long tokens = InputSplit.of(inputs, model).trainedTokens();
        if (tokens < config.tokensPerStep()) {
            throw new IllegalArgumentException("the " + model.inputs() + " have " + tokens
                    + " tokens to train on, fewer than the " + config.tokensPerStep() + " of one step: give more");
        }
        if (checkpointSteps < 1) {
            throw new IllegalArgumentException("checkpoints every " + checkpointSteps + " steps: must be at least 1");
        }
        if (shorterTexts.isPresent() && (model.acm().isPresent() || !givesTextVectors(model))) {
            throw new IllegalArgumentException(model.name() + " must be a dense text encoder to be given fewer words");
        }
        if (shorterTexts.isPresent() && !hasMarks(files.tokenizer().frame())) {
            throw new BadFileException(
                    model.name(), "puts no mark before and behind a text, which texts of fewer words need");
        }
    }

    /**
     * Before data are read.
     *
     * @throws BadFileException if the model is of a kind that cannot be made adaptive
     */
    public static void check(ModelFiles files) {
        ModelDescription model = files.description();
        if (model.objective() == Objective.NONE) {
            throw new BadFileException(
                    model.name(),
                    "is " + model.kind()
                            + "; of what reads texts only text encoders, classifiers and cross-encoders become adaptive");
        }
    }

    private static boolean givesTextVectors(ModelDescription model) {
        return model.reads() == InputKind.TEXT && model.objective() == Objective.VECTORS;
    }

    /** With an adaptive student, or a control of fixed widths. */
    public DistillRun(
            ModelFiles files,
            List<int[]> inputs,
            DistillConfig config,
            Path out,
            ModelWriter.Existing existing,
            int checkpointSteps,
            StoredType stored) {
        this(files, inputs, config, out, existing, checkpointSteps, stored, Optional.empty());
    }

    private static boolean hasMarks(Frame frame) {
        return frame.before().length == 1 && frame.after().length == 1;
    }

    /** The same run with other settings. */
    public DistillRun withConfig(DistillConfig newConfig) {
        return new DistillRun(files, inputs, newConfig, out, existing, checkpointSteps, stored, shorterTexts);
    }

    /** The same with a dense student that is given the texts without their most frequent words. */
    public DistillRun withShorterTexts(ShorterTexts texts) {
        return new DistillRun(
                files, inputs, config.denseStudent(), out, existing, checkpointSteps, stored, Optional.of(texts));
    }

    /** The file that holds the state of an unfinished run. */
    public Path checkpoint() {
        return TrainingOutput.checkpoint(out);
    }

    private InputSplit split() {
        return InputSplit.of(inputs, files.description());
    }

    /** Inputs kept from training: a tenth of the different ones, at most 500 with 20,000 tokens. */
    public List<int[]> heldOut() {
        return split().heldOut();
    }

    /**
     * Runs to the end and writes the model.
     *
     * @throws InterruptedException if the thread was interrupted; a checkpoint of the last step was written
     * @throws DivergedException if training gave numbers that are none; the last checkpoint is still there
     * @throws io.tokenwise.api.BadFileException if there is a checkpoint, but not of this run
     */
    public void run(Backend backend, Listener listener) throws IOException, InterruptedException {
        try (TrainingOutput output = TrainingOutput.begin(out, existing)) {
            var history = new History();
            train(backend, listener, history, output);
            // Until the listener has seen the model the checkpoint is there too.
            listener.written(history);
            Files.deleteIfExists(checkpoint());
        }
    }

    private void train(Backend backend, Listener listener, History history, TrainingOutput output)
            throws IOException, InterruptedException {
        InputSplit split = split();
        try (Encoder student = student(backend, split);
                Encoder teacher = Encoder.load(files.dense(), backend);
                Distillation distillation = distillation(teacher, student, split, backend)) {
            boolean goesOn = files.description().acm().isPresent();
            Map<String, String> identity = identity(goesOn ? student : teacher, backend);
            if (Files.exists(checkpoint())) {
                Checkpoint.read(checkpoint(), distillation, identity, history);
                listener.resumed(distillation.nextStep(), history);
            }
            output.check(distillation.phase() == Distillation.Phase.DONE);
            var heldOut = new HeldOut(teacher, backend, split.heldOut(), this::given);
            steps(distillation, heldOut, listener, identity, history);
            listener.trained();
            distillation.finish();
            student.prepare(backend.stream());
            add(Measurement.atTheEnd(() -> atTheEnd(student, backend, heldOut, split)), history, listener);
            output.save(student, tokenizer(), stored);
        }
    }

    private History.Quality atTheEnd(Encoder student, Backend backend, HeldOut heldOut, InputSplit split) {
        if (config.fixed().isEmpty() && shorterTexts.isEmpty()) {
            calibrate(student, backend, split.heldOut());
        }
        return heldOut.quality(student, config.steps(), Long.MAX_VALUE);
    }

    private Encoder student(Backend backend, InputSplit split) {
        return shorterTexts.isPresent()
                ? Encoder.load(files, backend)
                : Student.of(files, backend, config, split.trained());
    }

    private Distillation distillation(Encoder teacher, Encoder student, InputSplit split, Backend backend) {
        TrainingInputs trained = TrainingInputs.of(split.trained(), files.description(), config);
        return shorterTexts.isPresent()
                ? new WordsDistillation(teacher, student, trained, shorterTexts.get(), config, backend)
                : Distillation.of(teacher, student, trained, config, backend);
    }

    /** What the student is given of a held-out input. */
    private int[] given(int[] input) {
        return shorterTexts.isPresent() ? shorterTexts.get().shorter(input, SHOWN_BUDGET) : input;
    }

    private Tokenizer tokenizer() {
        return files.description().reads() == InputKind.TEXT ? files.tokenizer() : null;
    }

    private void steps(
            Distillation distillation,
            HeldOut heldOut,
            Listener listener,
            Map<String, String> identity,
            History history)
            throws IOException, InterruptedException {
        int between = Math.ceilDiv(config.steps(), QUALITIES);
        long tokens =
                Math.max(LEAST_MEASURED_TOKENS, (long) (MEASURED_SHARE * config.steps() * config.tokensPerStep()));
        while (distillation.phase() != Distillation.Phase.DONE) {
            if (Thread.interrupted()) {
                Checkpoint.write(checkpoint(), distillation, identity, history);
                throw new InterruptedException("distillation stopped before step " + distillation.nextStep());
            }
            Distillation.Step step = step(distillation);
            history.add(step);
            listener.step(step);
            int next = distillation.nextStep();
            if (next % between == 0) {
                Measurement.onTheWay(() -> heldOut.quality(distillation.student(), next, tokens))
                        .ifPresent(quality -> add(quality, history, listener));
            }
            if (next % checkpointSteps == 0 || distillation.phase() == Distillation.Phase.DONE) {
                Checkpoint.write(checkpoint(), distillation, identity, history);
            }
        }
    }

    private static void add(History.Quality quality, History history, Listener listener) {
        history.add(quality);
        listener.quality(quality);
    }

    private Distillation.Step step(Distillation distillation) {
        try {
            return distillation.step();
        } catch (GradientNotFiniteException e) {
            String kept = Files.exists(checkpoint())
                    ? "; the last good state is in " + checkpoint()
                            + ", but going on from it meets the same: delete it and start over, with another seed,"
                            + " other data or in f32"
                    : ", and no state before it was kept: look at the model's weights and at the data";
            throw new DivergedException(
                    "training diverged at step " + distillation.nextStep() + " of " + config.steps() + " (phase "
                            + (distillation.phase().ordinal() + 1) + "): " + e.getMessage() + kept,
                    e);
        }
    }

    private void calibrate(Encoder student, Backend backend, List<int[]> heldOut) {
        if (student.leaving().isPresent()) {
            PlanCalibrator.calibrate(student, backend, heldOut);
            return;
        }
        if (student.description().objective() == Objective.NEXT_TOKENS) {
            SpeechCalibrator.calibrate(student, backend, heldOut);
            return;
        }
        try (var sessions = new Sessions(student, backend, 1024, 1)) {
            Calibrator.calibrate(student.acms(), sessions, heldOut, student.description());
        }
    }

    /** What must be the same for a run to go on, by the names that a message has for it. */
    private Map<String, String> identity(Encoder model, Backend backend) {
        var identity = new LinkedHashMap<String, String>();
        for (RecordComponent setting : DistillConfig.class.getRecordComponents()) {
            String words = setting.getName().replaceAll("([A-Z])", " $1").toLowerCase(Locale.ROOT);
            identity.put(words, value(setting));
        }
        shorterTexts.ifPresent(_ -> identity.put("student", "dense, of shorter texts"));
        identity.put("backend", backend.kind().label());
        identity.put("precision", backend.precision().label());
        identity.put(
                "model",
                files.description().architecture() + " with checksum "
                        + Long.toHexString(model.parameters().checksum()));
        identity.put("data", inputs.size() + " sequences with checksum " + Long.toHexString(checksum(inputs)));
        return identity;
    }

    private String value(RecordComponent setting) {
        try {
            return String.valueOf(setting.getAccessor().invoke(config));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long checksum(List<int[]> texts) {
        var sum = new CRC32();
        for (int[] text : texts) {
            var bytes = ByteBuffer.allocate(Integer.BYTES * (text.length + 1)).putInt(text.length);
            for (int token : text) {
                bytes.putInt(token);
            }
            sum.update(bytes.flip());
        }
        return sum.getValue();
    }
}
