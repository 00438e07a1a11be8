package io.tokenwise.model;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.acm.config.ShortPathConfig;
import io.tokenwise.acm.leave.ForwardFlops;
import io.tokenwise.acm.leave.ForwardTime;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.cost.CostModel;
import io.tokenwise.cost.CostTable;
import io.tokenwise.cost.CostTables;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Convolution;
import io.tokenwise.nn.GroupNorm;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.nn.SelfAttention;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Makes the parts of which {@link Network}s are built, with zero weights, under the names of Hugging Face, and remembers which tensor of a file goes
 * where. Where the model is adaptive it makes adaptive blocks.
 */
public final class LayerBuilder {
    private final Parameters parameters;
    private final Architecture sizes;
    private final Optional<AcmConfig> acm;
    private final Optional<ShortPathConfig> shortPath;
    private final List<StoredTensor> stored = new ArrayList<>();

    public LayerBuilder(Parameters parameters, Architecture sizes, AdaptiveConfig config) {
        this.parameters = parameters;
        this.sizes = sizes;
        acm = config.acm();
        shortPath = config.shortPath();
    }

    /** Tensors of what was built so far. */
    public List<StoredTensor> stored() {
        return stored;
    }

    /**
     * Attention of a layer.
     *
     * @param layer such as {@code encoder.layer.0.}
     * @param projections where Q, K and V are in it, such as {@code attention.self.}
     */
    public BlockSlot attention(String layer, String projections) {
        String path = layer + "attention";
        Linear output = linear(path + ".output.dense", sizes.hiddenSize(), sizes.hiddenSize());
        var dense = new SelfAttention(qkv(layer + projections), output, sizes.heads());
        return attention(path, dense);
    }

    /** Attention of that path, such as {@code decoder.layers.0.attention}, or what was made of it. */
    public BlockSlot attention(String path, ProjectedAttention dense) {
        if (acm.isPresent() && !acm.get().attentionGates(path).isEmpty()) {
            return new BlockSlot(path, adaptive(acm.get().attention(parameters, path, dense)));
        }
        return new BlockSlot(path, dense);
    }

    /** The MLP of a layer, such as {@code encoder.layer.0.}. */
    public BlockSlot mlp(String layer) {
        int hidden = sizes.hiddenSize();
        int units = layer.startsWith(ShortPathConfig.PREFIX)
                ? NarrowLayers.unitsOf(sizes.intermediateSize())
                : sizes.intermediateSize();
        var dense = new Mlp(
                linear(layer + "intermediate.dense", hidden, units), linear(layer + "output.dense", units, hidden));
        return mlp(layer + "mlp", dense);
    }

    /** An MLP of that path, such as {@code decoder.layers.0.mlp}, or what was made of it. */
    public BlockSlot mlp(String path, Mlp dense) {
        if (acm.isPresent() && acm.get().hasMlp(path)) {
            return new BlockSlot(path, adaptive(acm.get().mlp(parameters, path, dense)));
        }
        return new BlockSlot(path, dense);
    }

    /**
     * The short path, if the model has one.
     *
     * @param first how many tokens at an input's beginning always stay
     * @param last how many at its end
     * @param vocabulary how many words inputs are made of; 0 if they are no texts
     * @param patchesPerSide of images; 0 if inputs are something else
     * @param layers makes its narrow layers, whose names begin with what it is given
     */
    public <L> Optional<ShortPath<L>> shortPath(
            int first, int last, int maxTokens, int vocabulary, int patchesPerSide, Function<String, List<L>> layers) {
        return shortPath.map(config -> {
            StayGate gate = stayGate(ShortPathConfig.PREFIX + "gate.", vocabulary);
            var flops = new ForwardFlops(
                    gate.gateFlops(),
                    sizes.layers() * sizes.layerFlopsPerToken(),
                    sizes.layers() * sizes.mlpFlopsPerToken());
            var plans = new ShortPlans(
                    flops,
                    time(maxTokens),
                    config.losses(),
                    first,
                    last,
                    sizes.layers(),
                    config.leastWorth(),
                    maxTokens);
            if (vocabulary == 0 && config.leastWorth().tokens() > 0) {
                throw new IllegalArgumentException("acm.shortPath.shortTexts.tokens is "
                        + config.leastWorth().tokens() + ", must be 0 of a model whose inputs are no texts");
            }
            if (config.narrow().first().size() != sizes.layers()) {
                throw new IllegalArgumentException("acm.shortPath.narrowFirst names "
                        + config.narrow().first().size() + " layers, the model has " + sizes.layers());
            }
            return new ShortPath<>(
                    new Leaving(gate, plans, config.narrow(), patchesPerSide), layers.apply(ShortPathConfig.PREFIX));
        });
    }

    /** By what was measured on this machine, or by what came with the build for its instruction set. */
    private ForwardTime time(int maxTokens) {
        CostTable table = CostTables.find(parameters.backend()).table();
        return new ForwardTime(
                new CostModel(table, sizes.sizes(), maxTokens), new CostModel(table, StayGate.SIZES, maxTokens));
    }

    private StayGate stayGate(String path, int vocabulary) {
        int width = StayGate.WIDTH;
        return new StayGate(
                linear(path + "projection", sizes.hiddenSize(), width),
                norm(path + "projection_norm", width),
                new SelfAttention(
                        linear(path + "attention.qkv", width, 3 * width),
                        linear(path + "attention.output", width, width),
                        StayGate.HEADS),
                norm(path + "attention_norm", width),
                new Mlp(
                        linear(path + "mlp.up", width, StayGate.UNITS),
                        linear(path + "mlp.down", StayGate.UNITS, width)),
                norm(path + "output_norm", width),
                linear(path + "value", width, 1),
                vocabulary == 0 ? null : vector(path + "table", vocabulary),
                sizes.layers() * sizes.layerFlopsPerToken());
    }

    private AdaptiveBlock adaptive(AdaptiveBlock block) {
        stored.addAll(StoredTensor.of(block));
        return block;
    }

    /** Q, K and V side by side in one weight, though a file has three. */
    private Linear qkv(String path) {
        int hidden = sizes.hiddenSize();
        Parameter weight = parameters.add(path + "qkv.weight", hidden, 3 * hidden);
        Parameter bias = parameters.add(path + "qkv.bias", 1, 3 * hidden);
        stored.addAll(StoredTensor.queryKeyValue(path, "weight", weight, StoredTensor.Layout.TRANSPOSED));
        stored.addAll(StoredTensor.queryKeyValue(path, "bias", bias, StoredTensor.Layout.VECTOR));
        return new Linear(new Weight(parameters, weight), bias);
    }

    public Linear linear(String path, int inputs, int outputs) {
        Parameter weight = parameters.add(path + ".weight", inputs, outputs);
        Parameter bias = parameters.add(path + ".bias", 1, outputs);
        stored.add(StoredTensor.transposed(weight.name(), weight));
        stored.add(StoredTensor.vector(bias.name(), bias));
        return new Linear(new Weight(parameters, weight), bias);
    }

    /** A convolution of images whose windows lie side by side: a linear layer on the windows, whose channels come one after the other. */
    public Linear patchProjection(String path, int channels, int side) {
        int inputs = channels * side * side;
        int outputs = sizes.hiddenSize();
        Parameter weight = parameters.add(path + ".weight", inputs, outputs);
        Parameter bias = parameters.add(path + ".bias", 1, outputs);
        stored.add(StoredTensor.transposed(weight.name(), weight)
                .shaped((long) outputs, (long) channels, (long) side, (long) side));
        stored.add(StoredTensor.vector(bias.name(), bias));
        return new Linear(new Weight(parameters, weight), bias);
    }

    public LayerNorm norm(String path) {
        return norm(path, sizes.hiddenSize());
    }

    private LayerNorm norm(String path, int width) {
        Parameter gamma = parameters.add(path + ".weight", 1, width);
        Parameter beta = parameters.add(path + ".bias", 1, width);
        stored.add(StoredTensor.vector(gamma.name(), gamma));
        stored.add(StoredTensor.vector(beta.name(), beta));
        return new LayerNorm(gamma, beta, (float) sizes.layerNormEpsilon());
    }

    /** A table of vectors, {@code [rows, hidden]}. */
    public Parameter table(String name, int rows) {
        Parameter table = parameters.add(name, rows, sizes.hiddenSize());
        stored.add(StoredTensor.matrix(name, table));
        return table;
    }

    /** The same, which a file has with dimensions of 1 before it. */
    public Parameter table(String name, int rows, Long... shape) {
        Parameter table = parameters.add(name, rows, sizes.hiddenSize());
        stored.add(StoredTensor.matrix(name, table).shaped(shape));
        return table;
    }

    /** Linear layers without biases, side by side in one, though a file has each by itself. */
    public Linear matrices(int inputs, int outputs, String... paths) {
        Parameter weight = parameters.add(String.join("+", paths) + ".weight", inputs, paths.length * outputs);
        stored.addAll(StoredTensor.sideBySide(
                Arrays.stream(paths).map(path -> path + ".weight").toList(), weight, StoredTensor.Layout.TRANSPOSED));
        return new Linear(new Weight(parameters, weight), null);
    }

    /** A convolution along rows of channels. */
    public Convolution convolution(String path, int channels, int outputs, SoundForm.Step step, boolean biased) {
        Parameter weight = parameters.add(path + ".weight", step.width() * channels, outputs);
        stored.add(StoredTensor.convolution(weight.name(), weight, channels));
        Parameter bias = biased ? vector(path + ".bias", outputs) : null;
        return new Convolution(new Linear(new Weight(parameters, weight), bias), step.width(), step.step());
    }

    public GroupNorm groupNorm(String path) {
        return new GroupNorm(
                vector(path + ".weight", sizes.hiddenSize()), vector(path + ".bias", sizes.hiddenSize()), (float)
                        sizes.layerNormEpsilon());
    }

    /** A norm that does not shift. */
    public LayerNorm normWithoutShift(String path) {
        Parameter none = parameters.fixed(path + ".bias", 1, sizes.hiddenSize());
        return new LayerNorm(vector(path + ".weight", sizes.hiddenSize()), none, (float) sizes.layerNormEpsilon());
    }

    /** A vector, {@code [1, columns]}. */
    public Parameter vector(String name, int columns) {
        Parameter vector = parameters.add(name, 1, columns);
        stored.add(StoredTensor.vector(name, vector));
        return vector;
    }

    /** A table of vectors, {@code [rows, hidden]}, that is also multiplied by. */
    public Weight tiedTable(String name, int rows) {
        return new Weight(parameters, table(name, rows));
    }
}
