package io.tokenwise.acm.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Tape;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.Attention;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.PositionBias;
import io.tokenwise.nn.Positions;
import io.tokenwise.nn.RmsNorm;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adaptive blocks of other shapes than BERT's: gated MLPs, some without biases, and attention as wide as it likes. */
class BlockShapesTest {
    private static final int HIDDEN = 48;
    private static final int LEARNERS = 4;

    private final TokenBatch batch = TokenBatch.of(new int[1], new int[9], new int[40], new int[17]);
    private final SplittableRandom random = new SplittableRandom(3);

    @ParameterizedTest
    @CsvSource({
        "SILU, true, true, 3",
        "SILU, true, false, 1",
        "GELU_TANH, true, false, 2",
        "GELU, true, true, 2",
        "GELU, false, false, 2",
        "RELU, false, true, 3",
    })
    void mlps(Activation activation, boolean gated, boolean biased, int trained) {
        try (Backend backend = VectorBackend.open(1);
                Workspace workspace = backend.workspace(1L << 26);
                var parameters = new Parameters(backend)) {
            int units = 64;
            Linear up = linear(parameters, "up", HIDDEN, gated ? 2 * units : units, biased);
            Linear down = linear(parameters, "down", units, HIDDEN, biased);
            var dense = new Mlp(up, down, activation, gated);
            AdaptiveLayers layers = AdaptiveLayers.mlps(LEARNERS).withMlpLearners(trained);
            check(backend, workspace, parameters, dense, layers, true);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "3|3|8|qk,vo|plain",
                "6|6|32|qkvo|plain",
                "2|2|128|vo|plain",
                "5|5|32|qk,v,o|plain",
                "6|1|32|vo|shared",
                "6|2|32|v,o|causal",
                "4|2|128|mlp,vo|halves",
                "6|2|32|o|normed",
                "3|3|32|v|window",
                "2|1|128|vo|without biases",
                "6|6|32|vo|slopes",
            })
    void attention(int heads, int keyHeads, int headSize, String gates, String kind) {
        try (Backend backend = VectorBackend.open(1);
                Workspace workspace = backend.workspace(1L << 26);
                var parameters = new Parameters(backend)) {
            var dense =
                    attention(parameters, AttentionForm.plain(heads, headSize).withKeyHeads(keyHeads), kind);
            int learners = keyHeads * headSize / 8 % LEARNERS == 0 ? LEARNERS : 3;
            check(backend, workspace, parameters, dense, AdaptiveLayers.parse(gates, learners), false);
        }
    }

    private Attention attention(Parameters parameters, AttentionForm plain, String kind) {
        boolean biased = !kind.equals("without biases");
        int size = plain.headSize();
        AttentionForm form = switch (kind) {
            case "causal" -> plain.within(AttentionForm.ALL, 0).scaledBy(0.1);
            case "halves" -> plain.with(new Positions.Rotary(size, 1e4, true, List.of(), 64));
            case "normed" -> plain.withHeadNorm(NormForm.rms(1e-6));
            case "window" -> plain.within(5, 3);
            case "slopes" -> plain.with(new Positions.Slopes(64));
            default -> plain;
        };
        RotaryPositions rotary =
                kind.equals("halves") ? RotaryPositions.halves(64, size, size, 1e4, new double[0]) : null;
        Attention.HeadNorms norms = kind.equals("normed")
                ? new Attention.HeadNorms(norm(parameters, "q", size), norm(parameters, "k", size))
                : null;
        Linear qkv = linear(parameters, "qkv", HIDDEN, form.width() + 2 * form.keyWidth(), biased);
        Linear output = linear(parameters, "output", form.width(), HIDDEN, biased);
        PositionBias bias =
                kind.equals("slopes") ? PositionBias.slopes(parameters, form.heads(), 64, form.scale()) : null;
        return new Attention(qkv, output, form, rotary, norms, bias, null);
    }

    private RmsNorm norm(Parameters parameters, String path, int size) {
        Parameter gain = parameters.add(path, 1, size);
        randomize(gain, 1);
        return RmsNorm.of(gain, false, 1e-6);
    }

    @Test
    void widthsThatCannotBeCutAreRefused() {
        try (Backend backend = VectorBackend.open(1);
                var parameters = new Parameters(backend)) {
            Linear qkv = linear(parameters, "qkv", HIDDEN, 3 * 40, true);
            var dense = Attention.plain(qkv, linear(parameters, "output", 40, HIDDEN, true), 5);
            assertThatThrownBy(
                            () -> AttentionUnits.ofLearner("layer.0.attention", dense, AdaptiveLayers.parse("vo", 4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("layer.0.attention: 5 units of 8 columns cannot be cut into 4 learners of equal width:"
                            + " choose a divisor, or make only mlp adaptive");
        }
    }

    /**
     * Makes the block adaptive, and compares: at full budget with what it was, and with some learners what inference computes, grouped, with what training does, masked.
     *
     * @param exact whether the block is at full budget what it was bit for bit
     */
    private void check(
            Backend backend,
            Workspace workspace,
            Parameters parameters,
            Block dense,
            AdaptiveLayers layers,
            boolean exact) {
        Pass pass = new Pass(backend.stream(), workspace);
        Matrix x = Matrix.gaussian(batch.tokens(), HIDDEN, 1, random);
        dense.prepare(backend.stream());
        var slot = new BlockSlot("layer.0.block", BlockSlot.Role.ENCODER, dense);
        Matrix before = forward(pass, dense, x, Budget.FULL, null);
        Acmizer.replace(parameters, List.of(slot), layers, () -> forward(pass, slot.block(), x, Budget.FULL, null));
        var adaptive = (AdaptiveBlock) slot.block();
        adaptive.acms().forEach(this::randomizeGate);
        adaptive.prepare(backend.stream());
        Matrix full = forward(pass, adaptive, x, Budget.FULL, null);
        assertThat(full.distance(before)).isLessThan(1e-5 * before.largest());
        if (exact) {
            assertThat(full.values())
                    .isEqualTo(forward(pass, dense, x, Budget.FULL, null).values());
        }
        for (double share : new double[] {0.25, 0.5, 0.75}) {
            var counts = new ArrayList<int[]>();
            LearnerObserver observer = (module, learners, tokens, gated) -> counts.add(Arrays.copyOf(learners, tokens));
            Matrix grouped = forward(pass, adaptive, x, Budget.flops(share), observer);
            assertThat(counts)
                    .allSatisfy(
                            each -> assertThat(Arrays.stream(each).distinct().count())
                                    .as("different counts")
                                    .isGreaterThan(1));
            double distance = grouped.distance(masked(pass, adaptive, x, counts));
            assertThat(distance).as("budget %s", share).isLessThan(2e-6 * before.largest());
        }
    }

    private Matrix forward(Pass pass, Block block, Matrix x, Budget budget, LearnerObserver observer) {
        pass.begin(budget).with(LearnerObserver.class, observer).over(batch);
        return Matrix.of(block.forward(pass, tensor(pass, x), tensor(pass, x)));
    }

    private Matrix masked(Pass pass, AdaptiveBlock block, Matrix x, List<int[]> counts) {
        pass.begin(Budget.FULL).over(batch).train(new Tape());
        var running = new ArrayList<Tensor>();
        for (int i = 0; i < counts.size(); i++) {
            Acm acm = block.acms().get(i);
            Matrix runs = Matrix.zeros(batch.tokens(), acm.trained() + 1);
            for (int token = 0; token < batch.tokens(); token++) {
                int chosen = Math.min(counts.get(i)[token], runs.columns());
                Arrays.fill(runs.values(), token * runs.columns(), token * runs.columns() + chosen, 1);
            }
            running.add(tensor(pass, runs));
        }
        Tensor outputs = block.outputs(pass, tensor(pass, x), running);
        return Matrix.of(Sums.of(pass, outputs, tensor(pass, x)));
    }

    private static Tensor tensor(Pass pass, Matrix matrix) {
        Tensor tensor = pass.tensor(matrix.rows(), matrix.columns());
        matrix.copyTo(tensor);
        return tensor;
    }

    private void randomizeGate(Acm acm) {
        acm.gateParameters().forEach(parameter -> randomize(parameter, 0.3));
    }

    private Linear linear(Parameters parameters, String path, int inputs, int outputs, boolean biased) {
        Parameter weight = parameters.add(path + ".weight", inputs, outputs);
        // Large enough for a softmax with peaks.
        randomize(weight, 2 / Math.sqrt(inputs));
        Parameter bias = biased ? parameters.add(path + ".bias", 1, outputs) : null;
        if (biased) {
            randomize(bias, 0.5);
        }
        return new Linear(new Weight(parameters, weight), bias);
    }

    private void randomize(Parameter parameter, double deviation) {
        try (HostTensor values = parameter.write()) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) (deviation * random.nextGaussian()));
            }
        }
        parameter.changed();
    }
}
