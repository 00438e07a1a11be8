package io.tokenwise.distill;

import io.tokenwise.Sessions;
import io.tokenwise.acm.Acmizer;
import io.tokenwise.acm.Calibration;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.ModelWriter;
import io.tokenwise.model.Encoder;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;

/**
 * A distillation from a dense model's files and texts to a directory with the adaptive model, with a checkpoint beside it while it
 * runs. Killed and started again with the same arguments it goes on from the checkpoint.
 *
 * @param files of the dense teacher; not closed
 * @param texts token sequences; the first {@link #heldOut} are kept for calibration, the rest is trained on
 * @param out where the model goes
 * @param existing what to do if there is one
 * @param checkpointSteps how often a checkpoint is written
 */
public record DistillRun(
        ModelFiles files,
        List<int[]> texts,
        DistillConfig config,
        Path out,
        ModelWriter.Existing existing,
        int checkpointSteps) {
    private static final int MOST_HELD_OUT = 500;
    private static final int LEAST_TEXTS = 20;

    /** Told what happens; called on the thread that runs. */
    public interface Listener {
        /** The run goes on from a checkpoint. */
        default void resumed(int nextStep) {}

        /** After each step. */
        default void step(Distillation.Step step) {}
    }

    public DistillRun {
        if (texts.size() < LEAST_TEXTS) {
            throw new IllegalArgumentException(
                    "there are " + texts.size() + " texts to train on; at least " + LEAST_TEXTS + " are needed");
        }
        if (checkpointSteps < 1) {
            throw new IllegalArgumentException("checkpoints every " + checkpointSteps + " steps: must be at least 1");
        }
    }

    /** The file that holds the state of an unfinished run. */
    public Path checkpoint() {
        return out.resolveSibling(out.getFileName() + ".checkpoint");
    }

    /** Texts kept from training: a tenth, at most 500. */
    public List<int[]> heldOut() {
        return texts.subList(0, Math.min(MOST_HELD_OUT, texts.size() / 10));
    }

    private List<int[]> trained() {
        return texts.subList(heldOut().size(), texts.size());
    }

    /**
     * Runs to the end and writes the model.
     *
     * @throws InterruptedException if the thread was interrupted; a checkpoint of the last step was written
     */
    public void run(Backend backend, Listener listener) throws IOException, InterruptedException {
        ModelWriter.checkTarget(out, existing);
        Files.createDirectories(checkpoint().toAbsolutePath().getParent());
        AtomicFiles.deleteLeftovers(checkpoint());
        try (Encoder teacher = Encoder.load(files, backend);
                Encoder student = Student.of(files, backend, config.learners(), trained());
                var distillation = new Distillation(
                        teacher, student, new TrainingText(trained(), config.seed()), config, backend)) {
            String fingerprint = fingerprint(teacher, backend);
            if (Files.exists(checkpoint())) {
                Checkpoint.read(checkpoint(), distillation, fingerprint);
                listener.resumed(distillation.nextStep());
            }
            train(distillation, listener, fingerprint);
            distillation.finish();
            calibrate(student, backend);
            student.save(out, files.tokenizer(), existing);
            Files.deleteIfExists(checkpoint());
        }
    }

    private void train(Distillation distillation, Listener listener, String fingerprint)
            throws IOException, InterruptedException {
        while (distillation.phase() != Distillation.Phase.DONE) {
            if (Thread.interrupted()) {
                Checkpoint.write(checkpoint(), distillation, fingerprint);
                throw new InterruptedException("distillation stopped before step " + distillation.nextStep());
            }
            listener.step(distillation.step());
            if (distillation.nextStep() % checkpointSteps == 0 || distillation.phase() == Distillation.Phase.DONE) {
                Checkpoint.write(checkpoint(), distillation, fingerprint);
            }
        }
    }

    private void calibrate(Encoder student, Backend backend) {
        try (var sessions = new Sessions(student, backend, 1024, 1)) {
            Calibration calibration = Calibrator.calibrate(student.acms(), sessions, heldOut());
            Acmizer.calibrate(student.acms(), calibration);
        }
    }

    /** What must be the same for a run to go on: settings, backend and its precision, model and text. */
    private String fingerprint(Encoder teacher, Backend backend) {
        var sum = new CRC32();
        for (int[] text : texts) {
            var bytes = ByteBuffer.allocate(Integer.BYTES * (text.length + 1)).putInt(text.length);
            for (int token : text) {
                bytes.putInt(token);
            }
            sum.update(bytes.flip());
        }
        for (Parameter parameter : teacher.parameters().all()) {
            Tensor value = parameter.value();
            long bytes = (long) value.size() * Float.BYTES;
            sum.update(value.floats()
                    .segment()
                    .asSlice(value.floats().offset(), bytes)
                    .asByteBuffer());
        }
        return config + " " + backend.kind().label() + " " + backend.precision().label() + " "
                + files.description().architecture() + " model and text " + Long.toHexString(sum.getValue());
    }
}
