package io.tokenwise.speech;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveAttention;
import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Tape;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.nn.TeacherForcing;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A small Moonshine with adaptive MLPs and self-attention in encoder and decoder: results and gradients. */
class AdaptiveMoonshineTest extends OnSmallMoonshine {
    @Test
    void givenItsTextTheDecoderPredictsIt() throws IOException {
        try (Encoder model = load(dense)) {
            assertPredicted(model, Budget.FULL);
        }
    }

    /** Central differences of a sum of frames and logits with random weights, along a random direction of each of some weights. */
    @Test
    void gradientsAreThoseOfFiniteDifferences() throws IOException {
        try (Encoder model = load(dense)) {
            TokenBatch texts = written(model, Budget.FULL);
            List<String> names = model.parameters().all().stream()
                    .map(Parameter::name)
                    .filter(name -> name.matches("(encoder|decoder)\\.layers\\.[01]\\..*weight"))
                    .toList();
            assertThat(names).hasSize(2 * (2 + 2 + 2) + 2 * (2 + 3 + 3 + 2));
            for (String name : names) {
                Parameter parameter = model.parameters().get(name);
                model.parameters().train(parameter);
                backend.stream().fill(parameter.gradient(), 0);
                sum(model, texts, true);
                var random = new SplittableRandom(5);
                var direction = new float[parameter.value().size()];
                double expected = 0;
                for (int i = 0; i < direction.length; i++) {
                    direction[i] = (float) random.nextGaussian();
                    expected += direction[i] * parameter.gradient().floats().get(i);
                }
                float step = 1e-3f;
                double above = moved(model, texts, parameter, direction, step);
                double below = moved(model, texts, parameter, direction, -step);
                assertThat((above - below) / (2 * step))
                        .as(name)
                        .isCloseTo(expected, within(.02 * Math.max(Math.abs(expected), 1)));
            }
        }
    }

    private double moved(Encoder model, TokenBatch texts, Parameter parameter, float[] direction, float step) {
        var before = new float[direction.length];
        for (int i = 0; i < before.length; i++) {
            before[i] = parameter.value().floats().get(i);
            parameter.value().floats().set(i, before[i] + step * direction[i]);
        }
        parameter.changed();
        double sum = sum(model, texts, false);
        for (int i = 0; i < before.length; i++) {
            parameter.value().floats().set(i, before[i]);
        }
        parameter.changed();
        return sum;
    }

    private double sum(Encoder model, TokenBatch texts, boolean backward) {
        TokenBatch recordings = recordings(model, 1, 2);
        var tape = new Tape();
        pass.begin(Budget.FULL).train(tape);
        Tensor frames = model.tokens(pass, recordings);
        Tensor logits = model.decoder().logits(pass, frames, recordings, texts);
        var gradients = new Gradients(backend.stream(), workspace);
        var random = new SplittableRandom(7);
        double sum = 0;
        for (Tensor y : List.of(frames, logits)) {
            Tensor dy = pass.tensor(y.rows(), y.columns());
            for (int i = 0; i < y.size(); i++) {
                dy.floats().set(i, (float) (random.nextGaussian() / Math.sqrt(y.size())));
                sum += (double) dy.floats().get(i) * y.floats().get(i);
            }
            gradients.add(y, dy);
        }
        if (backward) {
            tape.backward(gradients, backend.stream(), workspace);
        }
        return sum;
    }

    /** With gates of random weights, token by token other learners: in the encoder, and in the decoder of whole texts. */
    @ParameterizedTest
    @ValueSource(strings = {"qk,vo", "qkvo", "q,k,v,o", "k", "v", "qo"})
    void groupedAttentionIsTheMaskedOneOfTraining(String layers) throws IOException {
        try (Encoder model = load(dense)) {
            TokenBatch texts = written(model, Budget.FULL);
            TokenBatch recordings = recordings(model, 1, 2);
            acmize(model, layers, recordings, texts);
            TestModels.randomizeGates(model, .3);
            assertThat(model.adaptiveBlocks()).hasSize(4);
            for (AdaptiveBlock block : model.adaptiveBlocks()) {
                TokenBatch batch = ((AdaptiveAttention) block).path().startsWith("encoder") ? recordings : texts;
                Matrix x = Matrix.gaussian(batch.tokens(), model.hidden(), 1, new SplittableRandom(5));
                for (double share : new double[] {.1, .3, .5, .75, 1}) {
                    assertGroupedIsMasked(block, batch, x, share);
                }
            }
        }
    }

    private void acmize(Encoder model, String layers, TokenBatch recordings, TokenBatch texts) {
        Acmizer.replace(model.parameters(), model.slots(), AdaptiveLayers.parse(layers, LEARNERS), () -> {
            Tensor frames = model.tokens(pass.begin(Budget.FULL), recordings);
            model.decoder().logits(pass, frames, recordings, texts);
        });
    }

    /** Of gated MLPs and gathered attention too the learners of a control run as one product, and give what they give one by one. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, LEARNERS})
    void aControlGivesWhatItsLearnersGiveOneByOne(int count) throws IOException {
        Path file = folder.resolve("control");
        try (Encoder model = load(dense)) {
            TokenBatch texts = written(model, Budget.FULL);
            TokenBatch recordings = recordings(model, 1, 2);
            acmize(model, "mlp,qk,vo", recordings, texts);
            model.prepare(pass.stream());
            List<Matrix> oneByOne = outputs(model, texts, Budget.fixed((double) count / LEARNERS));
            Acmizer.fix(model.acms(), model.acms().stream().collect(Collectors.toMap(Acm::path, _ -> count)));
            model.save(file, null, ModelWriter.Existing.KEEP);
            try (Encoder control = load(file)) {
                List<Matrix> together = outputs(control, texts, Budget.FULL);
                for (int block = 0; block < together.size(); block++) {
                    assertThat(together.get(block).distance(oneByOne.get(block)))
                            .as("block %d", block)
                            .isLessThan(2e-6 * oneByOne.get(block).largest());
                }
            }
        }
    }

    /** What the adaptive blocks, four of them the decoder's, make of noise. */
    private List<Matrix> outputs(Encoder model, TokenBatch batch, Budget budget) {
        Matrix x = Matrix.gaussian(batch.tokens(), model.hidden(), 1, new SplittableRandom(5));
        var outputs = new ArrayList<Matrix>();
        for (AdaptiveBlock block : model.adaptiveBlocks()) {
            pass.begin(budget).predicting(batch, new TeacherForcing(null, null));
            outputs.add(Matrix.of(block.forward(pass, tensor(x), tensor(x))));
        }
        assertThat(outputs).hasSize(8);
        return outputs;
    }

    private void assertGroupedIsMasked(AdaptiveBlock block, TokenBatch batch, Matrix x, double share) {
        var counts = new ArrayList<int[]>();
        pass.begin(Budget.flops(share))
                .with(
                        LearnerObserver.class,
                        (module, learners, tokens, gated) -> counts.add(Arrays.copyOf(learners, tokens)))
                .predicting(batch, new TeacherForcing(null, null));
        Matrix grouped = Matrix.of(block.forward(pass, tensor(x), tensor(x)));
        pass.begin(Budget.FULL)
                .predicting(batch, new TeacherForcing(null, null))
                .train(new Tape());
        var running = new ArrayList<Tensor>();
        for (int[] chosen : counts) {
            Matrix runs = Matrix.zeros(batch.tokens(), LEARNERS);
            for (int token = 0; token < chosen.length; token++) {
                Arrays.fill(runs.values(), token * LEARNERS, token * LEARNERS + chosen[token], 1);
            }
            running.add(tensor(runs));
        }
        Matrix masked = Matrix.of(Sums.of(pass, block.outputs(pass, tensor(x), running), tensor(x)));
        assertThat(grouped.distance(masked)).isLessThan(2e-6 * masked.largest());
    }

    private Tensor tensor(Matrix matrix) {
        Tensor tensor = pass.tensor(matrix.rows(), matrix.columns());
        matrix.copyTo(tensor);
        return tensor;
    }
}
