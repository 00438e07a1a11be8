package io.tokenwise.distill;

import io.tokenwise.api.Budget;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Trains a dense model that is given texts without their most frequent words to give the teacher's vectors of the whole texts, and the token vectors where words stayed: the control
 * for whatever learns which tokens may leave. All weights of its layers are trained; embeddings stay as they are. Not thread-safe.
 */
final class WordsDistillation extends StepwiseDistillation {
    /** Shares of the words that stay; each text of a step draws one. */
    private static final List<Double> KEEPS = List.of(0.85, 0.7, 0.5, 0.35);

    private final ShorterTexts texts;

    /** What the student sees in the step. */
    private final TokenBatch shorter = new TokenBatch();

    private final AdamW optimizer;

    /**
     * @param teacher dense, of texts
     * @param student of the same sizes, dense too
     * @param texts those of the inputs
     */
    WordsDistillation(
            Encoder teacher,
            Encoder student,
            TrainingInputs inputs,
            ShorterTexts texts,
            DistillConfig config,
            Backend backend) {
        super(teacher, student, inputs, config, backend);
        this.texts = texts;
        optimizer = optimizer(student.layerParameters());
    }

    @Override
    public List<AdamW> optimizers() {
        return List.of(optimizer);
    }

    @Override
    Step step(int number, RandomGenerator random) {
        inputs.next(batch, config.tokensPerStep());
        int[] stay = shorten(random);
        Tensor targetTokens = teacher.tokens(teacherPass.begin(Budget.FULL), batch);
        var tape = new Tape();
        Tensor tokens = student.tokens(pass.begin(Budget.FULL).train(tape), shorter);
        var gradients = new Gradients(stream, workspace);
        double loss = outputLoss(tokens, targetTokens, gradients);
        tokenLoss(tokens, TakenRows.of(teacherPass, targetTokens, stay, shorter.tokens()), 1, gradients);
        tape.backward(gradients, stream, workspace);
        optimizer.update(stream, rate(config.learnerRate(), 0, config.steps()));
        return new Step(number, phase(), loss, 0, batch.tokens());
    }

    /** Fills the student's batch and returns the rows of its tokens in the teacher's. */
    private int[] shorten(RandomGenerator random) {
        shorter.clear();
        var rows = new int[batch.tokens()];
        int count = 0;
        for (int text = 0; text < batch.sequences(); text++) {
            int from = batch.offsets()[text];
            int[] ids = Arrays.copyOfRange(batch.inputs(), from, batch.offsets()[text + 1]);
            int[] places = texts.places(ids, KEEPS.get(random.nextInt(KEEPS.size())));
            shorter.add(Arrays.stream(places).map(place -> ids[place]).toArray());
            for (int place : places) {
                rows[count++] = from + place;
            }
        }
        return rows;
    }
}
