package io.tokenwise.distill;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.block.AdaptiveMlp;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.GateTraining;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.Objective;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.TeacherForcing;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Losses;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Trains a student with {@link AdaptiveBlock}s to be like its teacher, in the paper's three phases (arXiv 2312.10193,
 * section 3.2), one {@link #step} at a time. Everything random depends on the seed and the step's number alone, so that a run
 * that goes on from a {@link Checkpoint} ends as an unbroken one. Not thread-safe.
 */
public final class LearnerDistillation extends StepwiseDistillation {
    private static final double SHORT_END_TO_END_STEPS = 250;

    private final List<AdaptiveBlock> blocks;
    private final List<Acm> modules;
    private final AdamW learnerOptimizer;
    private final AdamW gateOptimizer;
    private final List<RecordedBlock> recorded = new ArrayList<>();

    /** Of the blocks and modules, those that token vectors go through come first; those of a speech model's decoder follow. */
    private final int encoderBlocks;

    private final int encoderModules;

    /** Null if the models do not write texts. */
    private final WrittenTexts written;

    /** Those of the step's recordings. */
    private TokenBatch texts;

    /**
     * @param teacher dense, of the same sizes
     * @param student with adaptive modules; its other weights stay as they are
     */
    public LearnerDistillation(
            Encoder teacher, Encoder student, TrainingInputs inputs, DistillConfig config, Backend backend) {
        super(teacher, student, inputs, config, backend);
        this.blocks = student.adaptiveBlocks();
        this.modules = student.acms();
        encoderBlocks = Acmizer.blocks(student.tokenSlots()).size();
        encoderModules = Acmizer.modules(student.tokenSlots()).size();
        if (blocks.isEmpty() || !teacher.acms().isEmpty()) {
            throw new IllegalArgumentException("distillation needs a dense teacher and an adaptive student");
        }
        written =
                teacher.description().objective() == Objective.NEXT_TOKENS ? new WrittenTexts(teacher, backend) : null;
        learnerOptimizer = optimizer(
                blocks.stream().flatMap(b -> b.trainedParameters().stream()).toList());
        gateOptimizer = optimizer(modules.stream()
                .filter(m -> !m.isFixed())
                .flatMap(m -> m.gateParameters().stream())
                .toList());
    }

    @Override
    Step step(int number, RandomGenerator random) {
        inputs.next(batch, config.tokensPerStep());
        texts = written == null ? null : written.of(batch);
        return switch (phase()) {
            case LEARNERS -> learnerStep(number, random);
            case GATES -> gateStep(number, random);
            case END_TO_END -> endToEndStep(number, random);
            case DONE -> throw new IllegalStateException("no step is left");
        };
    }

    @Override
    public List<AdamW> optimizers() {
        return List.of(learnerOptimizer, gateOptimizer);
    }

    /** Phase 1: each adaptive block's output to its dense one's, on the teacher's own inputs, with a random number of learners for each token. */
    private Step learnerStep(int number, RandomGenerator random) {
        Tensor frames = runRecordedTeacher();
        var tape = new Tape();
        pass.train(tape);
        var gradients = new Gradients(stream, workspace);
        double loss = 0;
        for (int i = 0; i < blocks.size(); i++) {
            if (i == encoderBlocks) {
                pass.predicting(texts, new TeacherForcing(frames, batch));
            }
            AdaptiveBlock block = blocks.get(i);
            int tokens = recorded.get(i).input().rows();
            List<Tensor> running = block.acms().stream()
                    .map(acm -> prefixes(acm, tokens, random))
                    .toList();
            Tensor y = block.outputs(pass, recorded.get(i).input(), running);
            Tensor dy = pass.tensor(y.rows(), y.columns());
            loss += Losses.relativeSquaredError(stream, y, recorded.get(i).output(), 1, dy) / blocks.size();
            gradients.add(y, dy);
        }
        tape.backward(gradients, stream, workspace);
        learnerOptimizer.update(stream, rate(config.learnerRate(), 0, config.learnerSteps()));
        return new Step(number, Phase.LEARNERS, loss, 0, batch.tokens());
    }

    /** A random number of learners for each token; of a control the one that it always has. */
    private Tensor prefixes(Acm acm, int tokens, RandomGenerator random) {
        Tensor running = pass.tensor(tokens, acm.choices() - 1);
        try (HostTensor values = stream.write(running)) {
            for (int token = 0; token < tokens; token++) {
                acm.running(values, token, acm.isFixed() ? acm.fixedCount() : 1 + random.nextInt(acm.trained()));
            }
        }
        return running;
    }

    /**
     * Phase 2: the gate of each MLP to the best allocation at the step's budgets, learners frozen. In attention what a token's learners are
     * worth depends on the other tokens' learners: its gates learn in phase 3 only.
     */
    private Step gateStep(int number, RandomGenerator random) {
        runRecordedTeacher();
        StepBudgets ofEncoder = StepBudgets.draw(batch, config, random);
        StepBudgets ofDecoder = texts == null ? null : ofEncoder.over(texts);
        var tape = new Tape();
        var gradients = new Gradients(stream, workspace);
        double loss = 0;
        int count = 0;
        for (int i = 0; i < blocks.size(); i++) {
            if (blocks.get(i) instanceof AdaptiveMlp mlp) {
                StepBudgets budgets = i < encoderBlocks ? ofEncoder : ofDecoder;
                pass.train(null);
                int[] labels = bestChoices(mlp, recorded.get(i), budgets);
                pass.train(tape);
                Tensor logits = mlp.acm().gateLogits(pass, recorded.get(i).input(), budgets.features(pass));
                Tensor dLogits = pass.tensor(logits.rows(), logits.columns());
                loss += Losses.crossEntropy(stream, logits, labels, dLogits);
                count++;
                gradients.add(logits, dLogits);
            }
        }
        tape.backward(gradients, stream, workspace);
        gateOptimizer.update(stream, rate(config.gateRate(), config.learnerSteps(), config.gateSteps()));
        return new Step(number, Phase.GATES, loss / Math.max(1, count), 0, batch.tokens());
    }

    private int[] bestChoices(AdaptiveMlp mlp, RecordedBlock block, StepBudgets budgets) {
        Acm acm = mlp.acm();
        int tokens = block.input().rows();
        int[] counts = IntStream.range(0, acm.choices()).map(acm::count).toArray();
        var errors = new float[tokens * counts.length];
        mlp.errors(pass, block.input(), block.output(), errors);
        var choices = new int[tokens];
        for (int group = 0; group < budgets.budgets().length; group++) {
            double share = budgets.budgets()[group] - (double) acm.gateFlops() / acm.denseFlops();
            Allocation.choose(errors, counts, budgets.groups(), group, share * acm.learners(), choices);
        }
        return choices;
    }

    /** Phase 3: what the whole student gives to what the teacher gives, and its token vectors, gates choosing, with the budget's loss. */
    private Step endToEndStep(int number, RandomGenerator random) {
        Tensor targetTokens = teacher.tokens(teacherPass.begin(Budget.FULL), batch);
        pass.begin(Budget.FULL);
        StepBudgets budgets = StepBudgets.draw(batch, config, random);
        var tape = new Tape();
        var running = new ArrayList<Tensor>();
        train(tape, budgets, random, running);
        Tensor tokens = student.tokens(pass, batch);
        var gradients = new Gradients(stream, workspace);
        StepBudgets ofTexts = texts == null ? null : budgets.over(texts);
        double loss = switch (student.description().objective()) {
            case NEXT_TOKENS -> {
                train(tape, ofTexts, random, running);
                yield textLoss(tokens, targetTokens, gradients);
            }
            case FRAMES -> frameLoss(tokens, targetTokens, gradients);
            default -> outputLoss(tokens, targetTokens, gradients);
        };
        tokenLoss(read(student, pass, tokens, batch), read(teacher, teacherPass, targetTokens, batch), 1, gradients);
        double budgetLoss = 0;
        if (config.fixed().isEmpty()) {
            budgetLoss = budgetLoss(budgets, 0, encoderModules, running, gradients);
            if (encoderModules < modules.size()) {
                budgetLoss = (budgetLoss + budgetLoss(ofTexts, encoderModules, modules.size(), running, gradients)) / 2;
            }
        }
        tape.backward(gradients, stream, workspace);
        int first = config.learnerSteps() + config.gateSteps();
        learnerOptimizer.update(stream, rate(config.learnerRate(), first, config.endToEndSteps()));
        gateOptimizer.update(stream, rate(endToEndGateRate(), first, config.endToEndSteps()));
        return new Step(number, Phase.END_TO_END, loss, budgetLoss, batch.tokens());
    }

    /** The pass goes on with gates that choose by the budgets of the tokens that come next. */
    private void train(Tape tape, StepBudgets budgets, RandomGenerator random, List<Tensor> running) {
        var training = new GateTraining(budgets.features(pass), (float) config.temperature(), random, running);
        pass.train(tape).with(GateTraining.class, training);
    }

    /** Of the modules {@code from} to {@code to} (exclusive), which see the same tokens and together spend what they are told. */
    private double budgetLoss(StepBudgets budgets, int from, int to, List<Tensor> running, Gradients gradients) {
        List<Tensor> used = running.subList(from, to);
        List<Tensor> slopes =
                used.stream().map(r -> pass.tensor(r.rows(), r.columns())).toList();
        double loss = budgets.loss(stream, modules.subList(from, to), used, config.budgetWeight(), slopes);
        for (int m = 0; m < slopes.size(); m++) {
            gradients.add(used.get(m), slopes.get(m));
        }
        return loss;
    }

    /** Of recordings: the divergence of the probabilities of each next token of the teacher's own texts. */
    private double textLoss(Tensor frames, Tensor targetFrames, Gradients gradients) {
        Tensor wanted = teacher.decoder().logits(teacherPass, targetFrames, batch, texts);
        Tensor logits = student.decoder().logits(pass, frames, batch, texts);
        Tensor dLogits = pass.tensor(logits.rows(), logits.columns());
        gradients.add(logits, dLogits);
        return Losses.divergence(stream, logits, wanted, dLogits);
    }

    /** Of recordings: the divergence of the probabilities of what each frame is. */
    private double frameLoss(Tensor frames, Tensor targetFrames, Gradients gradients) {
        Tensor wanted = teacher.frameWriter().logits(teacherPass, targetFrames);
        Tensor logits = student.frameWriter().logits(pass, frames);
        Tensor dLogits = pass.tensor(logits.rows(), logits.columns());
        gradients.add(logits, dLogits);
        return Losses.divergence(stream, logits, wanted, dLogits);
    }

    /** Runs the teacher with recorders where the student is adaptive; their tensors lie in the student's workspace. Returns the token vectors. */
    private Tensor runRecordedTeacher() {
        pass.begin(Budget.FULL).over(batch);
        recorded.clear();
        List<BlockSlot> replaced = new ArrayList<>();
        for (int i = 0; i < teacher.slots().size(); i++) {
            if (student.slots().get(i).block() instanceof AdaptiveBlock) {
                BlockSlot slot = teacher.slots().get(i);
                var block = new RecordedBlock(slot.block(), workspace);
                recorded.add(block);
                replaced.add(slot);
                slot.replace(block);
            }
        }
        try {
            Tensor tokens = teacher.tokens(teacherPass.begin(Budget.FULL), batch);
            if (texts != null) {
                teacher.decoder().logits(teacherPass, tokens, batch, texts);
            }
            return tokens;
        } finally {
            for (int i = 0; i < replaced.size(); i++) {
                replaced.get(i).replace(recorded.get(i).block());
            }
        }
    }

    /**
     * What gates do with many small steps is far more than with few: the rate falls with the root of the steps. At the rate that is best for
     * 250 steps, 2,500 made gates give up whole modules.
     */
    private double endToEndGateRate() {
        double peak = config.gateRate() / 4;
        return peak * Math.min(1, Math.sqrt(SHORT_END_TO_END_STEPS / config.endToEndSteps()));
    }

    @Override
    public void close() {
        if (written != null) {
            written.close();
        }
        super.close();
    }
}
