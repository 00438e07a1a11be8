package io.tokenwise.distill;

import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.CosineSchedule;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.Objective;
import io.tokenwise.model.Pooling;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.Losses;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** What distillations work with: both models, a pass of each and the step's batch; and the losses that they share. */
abstract sealed class StepwiseDistillation implements Distillation
        permits LearnerDistillation, LeavingDistillation, WordsDistillation {
    private static final double CLIP_NORM = 1;
    private static final double RATE_FLOOR_SHARE = 0.01;
    private static final long WORKSPACE_LIMIT_BYTES = 8L << 30;

    final DistillConfig config;
    final Encoder teacher;
    final Encoder student;
    final TrainingInputs inputs;
    final Stream stream;
    final Workspace workspace;
    final Pass teacherPass;
    final Pass pass;

    /** Of the teacher, over the inputs: the same whenever a run goes on. */
    final double scoreSpread;

    /** What the teacher sees in the step. */
    final TokenBatch batch = new TokenBatch();

    private final Workspace teacherWorkspace;
    private int step;

    StepwiseDistillation(
            Encoder teacher, Encoder student, TrainingInputs inputs, DistillConfig config, Backend backend) {
        this.config = config;
        this.teacher = teacher;
        this.student = student;
        this.inputs = inputs;
        scoreSpread = ScoreSpread.of(teacher, backend, inputs.all());
        workspace = backend.workspace(WORKSPACE_LIMIT_BYTES);
        teacherWorkspace = backend.workspace(WORKSPACE_LIMIT_BYTES);
        stream = backend.stream();
        teacherPass = new Pass(stream, teacherWorkspace);
        pass = new Pass(stream, workspace);
    }

    /** The step of that number. */
    abstract Step step(int number, RandomGenerator random);

    @Override
    public final Step step() {
        if (phase() == Phase.DONE) {
            throw new IllegalStateException("all " + config.steps() + " steps are done");
        }
        Step done = step(step, EpochOrder.random(config.seed() + 1, inputs.batch(step)));
        step++;
        return done;
    }

    @Override
    public final DistillConfig config() {
        return config;
    }

    @Override
    public final Encoder student() {
        return student;
    }

    @Override
    public final TrainingInputs inputs() {
        return inputs;
    }

    @Override
    public final int nextStep() {
        return step;
    }

    @Override
    public final void resumeAt(int nextStep) {
        step = nextStep;
    }

    final AdamW optimizer(List<Parameter> parameters) {
        return new AdamW(student.parameters(), parameters, CLIP_NORM, 0);
    }

    /** The learning rate now, of a phase of so many steps. */
    final double rate(double peak, int firstStep, int steps) {
        return new CosineSchedule(peak, peak * RATE_FLOOR_SHARE, steps / 20, steps).rate(step - firstStep);
    }

    /**
     * How far what the student gives is from what the teacher gives. Of texts' vectors it is the cosine distance, whether or not the model gives vectors of length 1; of classes, of each input
     * or each token, the divergence of their probabilities (Hinton et al. 2015).
     *
     * <p>Of scores it is the squared error of the logits (Ba and Caruana 2014): their order and distance count where the logistic function, through which most of these go, is flat. It is
     * relative to the {@link ScoreSpread} of the teacher's over the inputs, not over the step's, which are few.
     */
    final double outputLoss(Tensor tokens, Tensor targetTokens, Gradients gradients) {
        Objective objective = student.description().objective();
        Tensor y = student.outputs(pass, tokens, pass.batch());
        Tensor target = teacher.outputs(teacherPass, targetTokens, batch);
        if (objective == Objective.VECTORS && !student.description().givesUnitVectors()) {
            y = Lengths.of(pass, y);
            target = Lengths.of(teacherPass, target);
        }
        Tensor dy = pass.tensor(y.rows(), y.columns());
        gradients.add(y, dy);
        return switch (objective) {
            case VECTORS -> Losses.cosineDistance(stream, y, target, dy);
            case CLASSES, TOKEN_CLASSES -> Losses.divergence(stream, y, target, dy);
            case SCORES -> scoreLoss(y, target, dy);
            case NEXT_TOKENS, FRAMES, NONE -> throw new IllegalStateException("no objective of inputs: " + objective);
        };
    }

    /** The mean squared error by the scores' spread; the operator's is by the step's squared scores, as if none were to be 0. */
    private double scoreLoss(Tensor y, Tensor target, Tensor dy) {
        double squares = 0;
        try (HostTensor scores = stream.read(target)) {
            for (int i = 0; i < scores.size(); i++) {
                squares += (double) scores.get(i) * scores.get(i);
            }
        }
        double weight = squares / (target.rows() * scoreSpread);
        return weight * Losses.relativeSquaredError(stream, y, target, weight, dy);
    }

    /** Of token vectors those that are read after the last layer: what nobody reads need not be the teacher's. */
    static Tensor read(Encoder model, Pass pass, Tensor tokens, TokenBatch batch) {
        Optional<Pooling> alone = model.description().readAlone();
        return alone.isPresent() ? alone.get().forward(pass, tokens, batch) : tokens;
    }

    /**
     * What token vectors lack of the teacher's.
     *
     * @param weight beside the one that the settings give it
     */
    final void tokenLoss(Tensor y, Tensor target, double weight, Gradients gradients) {
        if (config.tokenWeight() > 0) {
            Tensor dy = pass.tensor(y.rows(), y.columns());
            Losses.relativeSquaredError(stream, y, target, weight * config.tokenWeight(), dy);
            gradients.add(y, dy);
        }
    }

    @Override
    public void close() {
        teacherWorkspace.close();
        workspace.close();
    }
}
