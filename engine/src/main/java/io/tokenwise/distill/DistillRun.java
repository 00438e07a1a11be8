package io.tokenwise.distill;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
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

    /** Told what happens; called on the thread that runs. */
    public interface Listener {
        /** All is made; steps come next, unless the run goes on after the last one. */
        default void begins() {}

        /** The run goes on from a checkpoint; the history is that of the steps before. */
        default void resumed(int nextStep, History history) {}

        /** All steps are done; budgets are calibrated now, which takes a while, by several workers together. */
        default void trained() {}

        /** So many of the measurements by which budgets are calibrated are done: first none, then one after the other. Several workers are told of their own. */
        default void calibrated(int done, int all) {}

        /** After each step. */
        default void step(Distillation.Step step) {}

        /** Several workers have taken their mean, which took so long; most of it is waiting for the slowest. */
        default void averaged(long nanos) {}

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
        if (model.architecture().layers() == 0) {
            throw new BadFileException(
                    model.name(), "is a table of tokens' vectors, without layers that could become adaptive");
        }
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
            run(Workers.ALONE, backend, listener, output);
            Checkpoints.delete(checkpoint());
        }
    }

    /**
     * Looks, before {@linkplain #run(Workers, Backend, Listener) workers} are started, whether they may go on from the checkpoints that there are.
     *
     * @param workers any one of them
     * @param precision of their backends
     * @throws BadFileException if these are of another number of workers, or of a run with other settings or inputs; the message names the differences
     */
    public void check(Workers workers, Precision precision) throws IOException {
        Map<String, String> known = settings(workers);
        known.put("precision", precision.label());
        new Checkpoints(checkpoint(), workers).check(known);
    }

    /**
     * What one of several workers does of the run; each has the same run and a backend of its own, and the settings' steps are those of each. Who starts them holds the {@link TrainingOutput}. The first one tells its
     * listener of quality and of the model. Killed and started again all of them go on from the newest checkpoint that all have, even when the model is written: checkpoints are deleted by {@link #ended}, when nobody will be started again. One worker alone does what
     * {@link #run(Backend, Listener)} does, to the same bits.
     *
     * @throws InterruptedException if the thread was interrupted; several workers leave no checkpoint of the last step then
     */
    public void run(Workers workers, Backend backend, Listener listener) throws IOException, InterruptedException {
        run(workers, backend, listener, TrainingOutput.begun(out, existing));
    }

    private void run(Workers workers, Backend backend, Listener listener, TrainingOutput output)
            throws IOException, InterruptedException {
        var history = new History();
        var checkpoints = new Checkpoints(checkpoint(), workers);
        train(workers, backend, listener, history, checkpoints, output);
        if (workers.isFirst()) {
            listener.written(history);
        }
    }

    /**
     * When {@linkplain #run(Workers, Backend, Listener) workers} have ended: deletes their checkpoints, and what killed ones have left half written.
     *
     * @param output of who has started them
     */
    public void ended(TrainingOutput output) throws IOException {
        Checkpoints.delete(checkpoint());
        output.deleteLeftovers();
    }

    private void train(
            Workers workers,
            Backend backend,
            Listener listener,
            History history,
            Checkpoints checkpoints,
            TrainingOutput output)
            throws IOException, InterruptedException {
        InputSplit split = split();
        try (Encoder student = student(backend, split);
                Encoder teacher = Encoder.load(files.dense(), backend);
                Distillation distillation = distillation(teacher, student, split, backend, workers)) {
            boolean goesOn = files.description().acm().isPresent();
            Map<String, String> identity = identity(goesOn ? student : teacher, backend, workers);
            Optional<Path> last = checkpoints.last();
            if (last.isPresent()) {
                Checkpoint.read(last.get(), checkpoint(), distillation, identity, history);
                listener.resumed(distillation.nextStep(), history);
            }
            output.check(distillation.phase() == Distillation.Phase.DONE);
            Optional<HeldOut> heldOut = workers.isFirst()
                    ? Optional.of(new HeldOut(teacher, backend, split.heldOut(), this::given))
                    : Optional.empty();
            var steps = new DistillSteps(this, distillation, workers, checkpoints, identity, history, listener);
            listener.begins();
            steps.run(heldOut);
            listener.trained();
            distillation.finish();
            student.prepare(backend.stream());
            if (config.fixed().isEmpty() && shorterTexts.isEmpty()) {
                calibrate(student, backend, split.heldOut(), workers, listener);
            }
            if (heldOut.isPresent()) {
                History.Quality quality =
                        Measurement.atTheEnd(() -> heldOut.get().quality(student, config.steps(), Long.MAX_VALUE));
                history.add(quality);
                listener.quality(quality);
                output.save(student, tokenizer(), stored);
            }
        }
    }

    private Encoder student(Backend backend, InputSplit split) {
        return shorterTexts.isPresent()
                ? Encoder.load(files, backend)
                : Student.of(files, backend, config, split.trained());
    }

    private Distillation distillation(
            Encoder teacher, Encoder student, InputSplit split, Backend backend, Workers workers) {
        TrainingInputs trained = TrainingInputs.of(split.trained(), files.description(), config, workers);
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

    /** Of several workers the first one is calibrated, alone or with the others' help. */
    private void calibrate(Encoder student, Backend backend, List<int[]> heldOut, Workers workers, Listener listener)
            throws IOException, InterruptedException {
        if (student.leaving().isPresent()) {
            PlanCalibrator.calibrate(student, backend, heldOut, workers, listener);
        } else if (workers.isFirst()) {
            Measurement.atTheEnd(() -> {
                calibrateLearners(student, backend, heldOut, listener);
                return student;
            });
        }
    }

    private static void calibrateLearners(Encoder student, Backend backend, List<int[]> heldOut, Listener listener) {
        if (student.description().objective() == Objective.NEXT_TOKENS) {
            SpeechCalibrator.calibrate(student, backend, heldOut, listener);
            return;
        }
        try (var sessions = new Sessions(student, backend, 1024, 1)) {
            Calibrator.calibrate(student.acms(), sessions, heldOut, student.description(), listener);
        }
    }

    /** What must be the same for a run to go on, by the names that a message has for it. */
    private Map<String, String> identity(Encoder model, Backend backend, Workers workers) {
        Map<String, String> identity = settings(workers);
        identity.put("backend", backend.kind().label());
        identity.put("precision", backend.precision().label());
        identity.put(
                "model",
                files.description().architecture() + " with checksum "
                        + Long.toHexString(model.parameters().checksum()));
        return identity;
    }

    /** Of that what is known before a model is loaded. */
    private Map<String, String> settings(Workers workers) {
        var settings = new LinkedHashMap<String, String>();
        for (RecordComponent setting : DistillConfig.class.getRecordComponents()) {
            String words = setting.getName().replaceAll("([A-Z])", " $1").toLowerCase(Locale.ROOT);
            settings.put(words, value(setting));
        }
        shorterTexts.ifPresent(_ -> settings.put("student", "dense, of shorter texts"));
        if (!workers.isAlone()) {
            settings.put("workers", "" + workers.count());
            settings.put("steps between averages", "" + workers.averageSteps());
        }
        settings.put("data", inputs.size() + " sequences with checksum " + Long.toHexString(checksum(inputs)));
        return settings;
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
