package io.tokenwise.bench;

import io.tokenwise.acm.block.AdaptiveMlp;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.BudgetSplit;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.choose.LengthCalibration;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Adaptive modules of a model's sizes whose gates do what they are told, and plain MLPs as wide as some of their learners. As many as
 * MiniLM has layers, so that nobody finds its weights in the first caches. Weights are random. Not thread-safe.
 *
 * <p>A token says itself how many learners it wants: its first columns are 1 at that count and else 0, and the gate's logits are these
 * columns. So all of the gate's and the grouping's work is done.
 */
final class DispatchModules implements AutoCloseable {
    static final int LAYERS = 6;

    /** Any below 1: there the gates are asked. */
    private static final Budget BUDGET = Budget.flops(0.5);

    private final int layers;
    private final int learners;
    private final int hidden;
    private final int units;
    private final boolean gated;
    private final Backend backend;
    private final Parameters parameters;
    private final Stream stream;
    private final Workspace workspace;
    private final Pass pass;

    /** Nobody's result. */
    private final Tensor done;

    private final List<Block> adaptive = new ArrayList<>();
    private final Random random = new Random(1);

    /**
     * @param layers how many modules; {@value #LAYERS} where times count
     * @param trained how many of an MLP's learners have weights of their own
     * @param gated whether MLPs are gated, by SiLU
     */
    DispatchModules(
            OwnEngine engine, DispatchSizes sizes, int layers, int threads, int learners, int trained, boolean gated) {
        this.layers = layers;
        this.learners = learners;
        this.gated = gated;
        hidden = sizes.hidden();
        units = sizes.units();
        backend = engine.open(threads);
        parameters = new Parameters(backend);
        stream = backend.stream();
        done = parameters.constant(1, 1);
        workspace = backend.workspace(1L << 30);
        pass = new Pass(stream, workspace);
        List<String> paths =
                IntStream.range(0, layers).mapToObj(i -> "layer." + i + ".mlp").toList();
        var config = new AcmConfig(
                "none",
                learners,
                trained,
                paths,
                Map.of(),
                false,
                Map.of(),
                LengthCalibration.NONE,
                Optional.empty(),
                BudgetSplit.EVEN);
        for (String path : paths) {
            AdaptiveMlp mlp = config.mlp(parameters, path, BlockSlot.Role.ENCODER, mlp(path + ".dense.", units));
            mlp.learnerParameters().forEach(this::randomize);
            // The first is the gate's weight; the second, what it adds for the budget, stays 0.
            Parameter gate = mlp.acm().gateParameters().getFirst();
            try (HostTensor weight = gate.write()) {
                for (int choice = 0; choice < mlp.acm().choices(); choice++) {
                    weight.set(mlp.acm().count(choice), choice, 1);
                }
            }
            gate.changed();
            mlp.prepare(stream);
            adaptive.add(mlp);
        }
    }

    /** The learner counts that a token may want, but none. */
    int[] counts() {
        Acm acm = ((AdaptiveMlp) adaptive.getFirst()).acm();
        return IntStream.range(1, acm.choices()).map(acm::count).toArray();
    }

    /** Plain MLPs as wide as {@code count} learners. */
    List<Block> mlps(int count) {
        int width = count * units / learners;
        var mlps = new ArrayList<Block>();
        for (int i = 0; i < layers; i++) {
            Mlp mlp = mlp("mlp." + count + "." + i + ".", width);
            mlp.prepare(stream);
            mlps.add(mlp);
        }
        return mlps;
    }

    private Mlp mlp(String path, int width) {
        Linear up = linear(path + "up.", hidden, gated ? 2 * width : width);
        Linear down = linear(path + "down.", width, hidden);
        return new Mlp(up, down, gated ? Activation.SILU : Activation.GELU, gated);
    }

    private Linear linear(String path, int inputs, int outputs) {
        Parameter weight = parameters.add(path + "weight", inputs, outputs);
        Parameter bias = parameters.add(path + "bias", 1, outputs);
        randomize(weight);
        randomize(bias);
        return new Linear(new Weight(parameters, weight), bias);
    }

    private void randomize(Parameter parameter) {
        try (HostTensor values = parameter.write()) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) (0.05 * random.nextGaussian()));
            }
        }
        parameter.changed();
    }

    /** Random tokens {@code [counts.length, hidden]} that want so many learners each. */
    Tensor tokens(int[] counts) {
        Tensor x = parameters.constant(counts.length, hidden);
        try (HostTensor values = backend.write(x)) {
            for (int row = 0; row < counts.length; row++) {
                for (int column = 0; column < hidden; column++) {
                    boolean isGates = column <= learners;
                    values.set(row, column, isGates ? column == counts[row] ? 1 : 0 : (float) random.nextGaussian());
                }
            }
        }
        return x;
    }

    /** The adaptive modules, each on the same tokens, as work to be timed. */
    Runnable adaptive(Tensor x) {
        TokenBatch text = TokenBatch.of(new int[x.rows()]);
        Tensor residual = residual(x);
        return () -> forward(adaptive, x, residual, text, null);
    }

    /** The same token by token. */
    Runnable oneByOne(Tensor x) {
        TokenBatch one = TokenBatch.of(new int[1]);
        Tensor residual = residual(x);
        return () -> {
            for (int row = 0; row < x.rows(); row++) {
                long first = (long) row * hidden;
                forward(adaptive, x.part(first, hidden), residual.part(first, hidden), one, null);
            }
        };
    }

    /** The same of MLPs. */
    Runnable plain(List<Block> mlps, Tensor x) {
        TokenBatch text = TokenBatch.of(new int[x.rows()]);
        Tensor residual = residual(x);
        return () -> forward(mlps, x, residual, text, null);
    }

    /** Fails unless every module gives every token the learners it wants. */
    void check(Tensor x, int[] counts) {
        forward(adaptive, x, residual(x), TokenBatch.of(counts), (path, chosen, tokens, gated) -> {
            for (int i = 0; i < tokens; i++) {
                if (tokens != counts.length || chosen[i] != counts[i]) {
                    throw new IllegalStateException(
                            path + ": token " + i + " got " + chosen[i] + " learners, not " + counts[i]);
                }
            }
        });
    }

    /** Waits for what the device was told, if there is one. */
    void await() {
        stream.read(done).close();
    }

    /** Not the tokens themselves: a block's result may take its residual's place, and tokens must still want what they did. */
    private Tensor residual(Tensor x) {
        return parameters.constant(x.rows(), hidden);
    }

    private void forward(List<Block> blocks, Tensor x, Tensor residual, TokenBatch text, LearnerObserver observer) {
        for (int i = 0; i < blocks.size(); i++) {
            pass.begin(BUDGET).with(LearnerObserver.class, observer).over(text);
            blocks.get(i).forward(pass, x, residual);
        }
    }

    @Override
    public void close() {
        workspace.close();
        parameters.close();
        backend.close();
    }
}
