package io.tokenwise.distill;

import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.acm.leave.StayingRows;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.op.Losses;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Trains a model whose tokens leave. First the gate, to say what each token is worth to the teacher ({@link TokenValues}), and from it the table that short
 * texts look up; then the narrow layers, some or all of them and with shares of the tokens drawn anew for each step, to give the teacher's results. Tokens that leave are left out in training as they are in use, so a step is
 * the cheaper the more leave, and nothing has to be made hard afterwards. Not thread-safe.
 */
final class LeavingDistillation extends StepwiseDistillation {
    /** Less than all: what it is exactly is the plans' matter. */
    private static final Budget SHORT = Budget.flops(0.5);

    /** Of a third of the inputs all tokens stay, of the others this share or more: with fewer narrow layers do no better than dense ones with fewer still. */
    private static final double LEAST_SHARE = 0.5;

    private static final double ALL_STAY_SHARE = 1 / 3.0;

    /** Weight of the token vectors' loss after each narrow layer but the last, beside 1 after the last. */
    private static final double LAYER_WEIGHT = 0.3;

    /** Of each input so many tokens are left out in a step of the gate. */
    private static final int MEASURED_TOKENS = 8;

    private final Leaving leaving;
    private final TokenValues values;
    private final List<Integer> narrowCounts;
    private final AdamW narrowOptimizer;
    private final AdamW gateOptimizer;
    private final Backend backend;

    /** A model that goes on learning keeps its table: that knows many more words than these texts may have. */
    private boolean tableIsDue;

    /**
     * @param teacher dense, of the same sizes
     * @param student with a short path; its other weights stay as they are
     * @throws IllegalArgumentException if inputs of which tokens could leave do not fill a step
     */
    static LeavingDistillation of(
            Encoder teacher, Encoder student, TrainingInputs inputs, DistillConfig config, Backend backend) {
        long tokens = inputs.tokens(count -> canLeave(count, student));
        if (tokens < config.tokensPerStep()) {
            ModelDescription model = student.description();
            throw new IllegalArgumentException("the " + model.inputs() + " that have a token which could leave have "
                    + tokens + " tokens to train on, fewer than the " + config.tokensPerStep()
                    + " of one step: give more or longer ones, or adapt "
                    + model.adaptable().usual() + " instead of tokens");
        }
        return new LeavingDistillation(teacher, student, inputs, config, backend);
    }

    private LeavingDistillation(
            Encoder teacher, Encoder student, TrainingInputs inputs, DistillConfig config, Backend backend) {
        super(teacher, student, inputs, config, backend);
        this.backend = backend;
        leaving = student.leaving().orElseThrow();
        tableIsDue = student.description().reads() == InputKind.TEXT && config.gateSteps() > 0;
        values = new TokenValues(teacher, leaving.plans(), MEASURED_TOKENS, scoreSpread);
        narrowCounts = NarrowLayers.counts(student.description().architecture().layers());
        narrowOptimizer = optimizer(student.narrowParameters());
        gateOptimizer = optimizer(leaving.gate().parameters());
    }

    /** Whether of so many tokens not all have to stay. */
    private static boolean canLeave(int tokens, Encoder student) {
        return tokens > student.leaving().orElseThrow().plans().least(tokens);
    }

    @Override
    public List<AdamW> optimizers() {
        return List.of(narrowOptimizer, gateOptimizer);
    }

    @Override
    Step step(int number, RandomGenerator random) {
        inputs.next(batch, config.tokensPerStep(), tokens -> canLeave(tokens, student));
        return phase() == Phase.GATES ? gateStep(number, random) : layerStep(number, random);
    }

    /** The gate's values to what tokens are worth to the teacher: mean squared error of the logarithms. */
    private Step gateStep(int number, RandomGenerator random) {
        float[] wanted = values.measure(teacherPass, batch, random);
        Tensor embeddings = student.embeddings(pass.begin(Budget.FULL), batch);
        var tape = new Tape();
        Tensor y = leaving.gate().values(pass.train(tape), embeddings);
        Tensor dy = pass.tensor(y.rows(), 1);
        double loss = Losses.squaredErrorWhereKnown(stream, y, wanted, dy);
        var gradients = new Gradients(stream, workspace);
        gradients.add(y, dy);
        tape.backward(gradients, stream, workspace);
        gateOptimizer.update(stream, rate(config.gateRate(), 0, config.gateSteps()));
        return new Step(number, Phase.GATES, loss, 0, batch.tokens());
    }

    /** The layers' to the teacher's results, with some of them or all narrow. */
    private Step layerStep(int number, RandomGenerator random) {
        fillTable();
        var targetLayers = new ArrayList<Tensor>();
        teacherPass.begin(Budget.FULL).collectLayers(targetLayers);
        Tensor targetTokens = teacher.tokens(teacherPass, batch);
        int narrow = drawNarrow(random);
        var layers = new ArrayList<Tensor>();
        var tape = new Tape();
        pass.begin(SHORT).train(tape).collectLayers(layers);
        Tensor tokens = student.tokens(pass, batch, plans(narrow, random));
        var gradients = new Gradients(stream, workspace);
        double loss = outputLoss(tokens, targetTokens, gradients);
        for (int layer = 0; layer < layers.size() - 1; layer++) {
            if (leaving.narrow().isNarrow(layer, narrow)) {
                tokenLoss(layers.get(layer), stayingRows(targetLayers.get(layer)), LAYER_WEIGHT, gradients);
            }
        }
        boolean oneIsRead = student.description().readAlone().isPresent();
        tokenLoss(
                read(student, pass, tokens, pass.batch()),
                oneIsRead ? read(teacher, teacherPass, targetTokens, batch) : stayingRows(targetTokens),
                1,
                gradients);
        tape.backward(gradients, stream, workspace);
        narrowOptimizer.update(stream, rate(config.learnerRate(), config.gateSteps(), config.endToEndSteps()));
        return new Step(number, Phase.END_TO_END, loss, 0, batch.tokens());
    }

    @Override
    public void finish() {
        fillTable();
    }

    /** Of the trained gate, so that layers learn with the choice that short texts will have. */
    private void fillTable() {
        if (tableIsDue) {
            leaving.gate().prepare(stream);
            ValueTable.fill(student, backend, inputs.all());
            tableIsDue = false;
        }
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

    /** One for each input: inputs take turns in strata of shares, so that every step sees low and high ones. */
    private List<ShortPlan> plans(int narrow, RandomGenerator random) {
        int strata = Math.min(config.budgetsPerStep(), batch.sequences());
        var plans = new ArrayList<ShortPlan>();
        for (int input = 0; input < batch.sequences(); input++) {
            double position = (input % strata + random.nextDouble()) / strata;
            double share = Math.min(1, LEAST_SHARE + (1 - LEAST_SHARE) / (1 - ALL_STAY_SHARE) * position);
            int from = batch.inputOffsets()[input];
            plans.add(leaving.plan(batch.inputs(), from, batch.length(input), share, narrow));
        }
        return plans;
    }
}
