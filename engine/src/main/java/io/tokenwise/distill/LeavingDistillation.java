package io.tokenwise.distill;

import io.tokenwise.acm.Leaving;
import io.tokenwise.acm.NarrowLayers;
import io.tokenwise.acm.ShortPlan;
import io.tokenwise.acm.StayingRows;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.CosineSchedule;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Losses;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.io.ImageDescription;
import io.tokenwise.io.TextDescription;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Trains a model whose tokens leave. First the gate, to say what each token is worth to the teacher ({@link TokenValues}); then the narrow layers, some or all of them and
 * with shares of the tokens drawn anew for each step, to give the teacher's results. Tokens that leave are left out in training as they are in use, so a step is
 * the cheaper the more leave, and nothing has to be made hard afterwards. Not thread-safe.
 */
final class LeavingDistillation implements Distillation {
    private static final double CLIP_NORM = 1;
    private static final double RATE_FLOOR_SHARE = 0.01;
    private static final long WORKSPACE_LIMIT_BYTES = 8L << 30;

    /** Less than all: what it is exactly is the plans' matter. */
    private static final Budget SHORT = Budget.flops(0.5);

    /** Of a third of the inputs all tokens stay, of the others this share or more: with fewer narrow layers do no better than dense ones with fewer still. */
    private static final double LEAST_SHARE = 0.5;

    private static final double ALL_STAY_SHARE = 1 / 3.0;

    /** Weight of the token vectors' loss after each narrow layer but the last, beside 1 after the last. */
    private static final double LAYER_WEIGHT = 0.3;

    /** Of each input so many tokens are left out in a step of the gate. */
    private static final int MEASURED_TOKENS = 8;

    private final DistillConfig config;
    private final Encoder teacher;
    private final Encoder student;
    private final Leaving leaving;
    private final TrainingInputs inputs;
    private final Stream stream;
    private final Workspace teacherWorkspace = new Workspace(WORKSPACE_LIMIT_BYTES);
    private final Workspace workspace = new Workspace(WORKSPACE_LIMIT_BYTES);
    private final Pass teacherPass;
    private final Pass pass;
    private final TokenBatch batch = new TokenBatch();
    private final TokenValues values;
    private final List<Integer> narrowCounts;
    private final AdamW narrowOptimizer;
    private final AdamW gateOptimizer;
    private int step;

    /**
     * @param teacher dense, of the same sizes
     * @param student with a short path; its other weights stay as they are
     */
    LeavingDistillation(
            Encoder teacher, Encoder student, TrainingInputs inputs, DistillConfig config, Backend backend) {
        this.config = config;
        this.teacher = teacher;
        this.student = student;
        this.inputs = inputs;
        leaving = student.leaving().orElseThrow();
        stream = backend.stream();
        teacherPass = new Pass(stream, teacherWorkspace);
        pass = new Pass(stream, workspace);
        values = new TokenValues(teacher, leaving.plans(), MEASURED_TOKENS);
        narrowCounts = NarrowLayers.counts(student.description().architecture().layers());
        narrowOptimizer = optimizer(student.narrowParameters());
        gateOptimizer = optimizer(leaving.gate().parameters());
    }

    private AdamW optimizer(List<Parameter> parameters) {
        return new AdamW(student.parameters(), parameters, CLIP_NORM, 0);
    }

    @Override
    public DistillConfig config() {
        return config;
    }

    @Override
    public Encoder student() {
        return student;
    }

    @Override
    public TrainingInputs inputs() {
        return inputs;
    }

    @Override
    public List<AdamW> optimizers() {
        return List.of(narrowOptimizer, gateOptimizer);
    }

    @Override
    public int nextStep() {
        return step;
    }

    @Override
    public void resumeAt(int nextStep) {
        step = nextStep;
    }

    @Override
    public Step step() {
        inputs.next(
                batch,
                config.tokensPerStep(),
                tokens -> tokens > leaving.plans().least(tokens));
        RandomGenerator random = EpochOrder.random(config.seed() + 1, step);
        Step done = phase() == Phase.GATES ? gateStep(random) : layerStep(random);
        step++;
        return done;
    }

    /** The gate's values to what tokens are worth to the teacher: mean squared error of the logarithms. */
    private Step gateStep(RandomGenerator random) {
        float[] wanted = values.measure(teacherPass, batch, random);
        Tensor embeddings = student.embeddings(pass.begin(Budget.FULL, null), batch);
        var tape = new Tape();
        Tensor y = leaving.gate().values(pass.train(tape, null), embeddings);
        Tensor dy = pass.tensor(y.rows(), 1);
        double loss = Losses.squaredErrorWhereKnown(y, wanted, dy);
        var gradients = new Gradients(stream, workspace);
        gradients.add(y, dy);
        tape.backward(gradients, stream, workspace);
        gateOptimizer.update(stream, rate(config.gateRate(), 0, config.gateSteps()));
        return new Step(step, Phase.GATES, loss, 0, batch.tokens());
    }

    /** The layers' to the teacher's results, with some of them or all narrow. */
    private Step layerStep(RandomGenerator random) {
        var targetLayers = new ArrayList<Tensor>();
        teacherPass.begin(Budget.FULL, null).collectLayers(targetLayers);
        Tensor targetTokens = teacher.tokens(teacherPass, batch);
        Tensor target = teacher.outputs(teacherPass, targetTokens, batch);
        int narrow = drawNarrow(random);
        var layers = new ArrayList<Tensor>();
        var tape = new Tape();
        pass.begin(SHORT, null).train(tape, null).collectLayers(layers);
        Tensor tokens = student.tokens(pass, batch, plans(narrow, random));
        Tensor y = student.outputs(pass, tokens, pass.batch());
        boolean normalized = student.description() instanceof TextDescription text && text.normalize();
        boolean image = student.description() instanceof ImageDescription;
        if (!normalized && !image) {
            y = pass.l2Normalize(y);
            target = teacherPass.l2Normalize(target);
        }
        Tensor dy = pass.tensor(y.rows(), y.columns());
        double loss = image ? Losses.divergence(y, target, dy) : Losses.cosineDistance(y, target, dy);
        var gradients = new Gradients(stream, workspace);
        gradients.add(y, dy);
        for (int layer = 0; layer < layers.size() - 1; layer++) {
            if (leaving.narrow().isNarrow(layer, narrow)) {
                tokenLoss(layers.get(layer), stayingRows(targetLayers.get(layer)), LAYER_WEIGHT, gradients);
            }
        }
        // Of an image nothing reads patches after the last layer.
        tokenLoss(
                image ? pass.firstPool(tokens, pass.batch()) : tokens,
                image ? teacherPass.firstPool(targetTokens, batch) : stayingRows(targetTokens),
                1,
                gradients);
        tape.backward(gradients, stream, workspace);
        narrowOptimizer.update(stream, rate(config.learnerRate(), config.gateSteps(), config.endToEndSteps()));
        return new Step(step, Phase.END_TO_END, loss, 0, batch.tokens());
    }

    /** How many layers are narrow, the larger number the likelier: those that become narrow last would learn seldom otherwise. */
    private int drawNarrow(RandomGenerator random) {
        int drawn =
                random.nextInt(narrowCounts.stream().mapToInt(Integer::intValue).sum());
        int place = 0;
        while (drawn >= narrowCounts.get(place)) {
            drawn -= narrowCounts.get(place++);
        }
        return narrowCounts.get(place);
    }

    /** Of the teacher's rows those of tokens that the student kept. */
    private Tensor stayingRows(Tensor ofTeacher) {
        return StayingRows.of(pass).rowsThatStay(teacherPass, ofTeacher);
    }

    /** What token vectors lack of the teacher's; the teacher saw all tokens. */
    private void tokenLoss(Tensor y, Tensor target, double weight, Gradients gradients) {
        if (config.tokenWeight() > 0) {
            Tensor dy = pass.tensor(y.rows(), y.columns());
            Losses.relativeSquaredError(y, target, weight * config.tokenWeight(), dy);
            gradients.add(y, dy);
        }
    }

    /** One for each input: inputs take turns in strata of shares, so that every step sees low and high ones. */
    private List<ShortPlan> plans(int narrow, RandomGenerator random) {
        int strata = Math.min(config.budgetsPerStep(), batch.sequences());
        var plans = new ArrayList<ShortPlan>();
        for (int input = 0; input < batch.sequences(); input++) {
            int tokens = batch.length(input);
            double position = (input % strata + random.nextDouble()) / strata;
            double share = Math.min(1, LEAST_SHARE + (1 - LEAST_SHARE) / (1 - ALL_STAY_SHARE) * position);
            int rows = Math.clamp(Math.round(tokens * share), leaving.plans().least(tokens), tokens);
            plans.add(leaving.plans().of(rows, narrow));
        }
        return plans;
    }

    private double rate(double peak, int firstStep, int steps) {
        return new CosineSchedule(peak, peak * RATE_FLOOR_SHARE, steps / 20, steps).rate(step - firstStep);
    }

    @Override
    public void close() {
        teacherWorkspace.close();
        workspace.close();
    }
}
