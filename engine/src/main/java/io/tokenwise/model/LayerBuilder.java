package io.tokenwise.model;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.acm.config.ShortPathConfig;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameter.Kind;
import io.tokenwise.autograd.Parameter.Part;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.model.LayerNames.Side;
import io.tokenwise.model.SideBySide.Wide;
import io.tokenwise.model.StoredTensor.Layout;
import io.tokenwise.nn.Attention;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.ChannelNorm;
import io.tokenwise.nn.Convolution;
import io.tokenwise.nn.GroupNorm;
import io.tokenwise.nn.GroupedConvolution;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.nn.RmsNorm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Makes the parts of which {@link Network}s are built, with zero weights, under the names of Hugging Face, and remembers which tensor of a file goes
 * where. Where the model is adaptive it makes adaptive blocks. A network's code is the only place that knows names and shapes: on a backend without
 * memory it is built to learn them ({@link ModelShapes}).
 */
public final class LayerBuilder {
    private final Parameters parameters;
    private final Architecture sizes;
    private final AdaptiveConfig config;
    private final List<StoredTensor> stored;
    private final Set<Parameter> multiplied;
    private final SharedPositions positions;

    /** Before the names of all that it makes. */
    private final String prefix;

    private final Part part;
    private final BlockSlot.Role role;

    public LayerBuilder(Parameters parameters, Architecture sizes, AdaptiveConfig config) {
        this.parameters = parameters;
        this.sizes = sizes;
        this.config = config;
        stored = new ArrayList<>();
        multiplied = new HashSet<>();
        positions = new SharedPositions();
        prefix = "";
        part = Part.LAYER;
        role = BlockSlot.Role.ENCODER;
    }

    private LayerBuilder(LayerBuilder whole, String prefix, Part part, BlockSlot.Role role) {
        parameters = whole.parameters;
        sizes = whole.sizes;
        config = whole.config;
        stored = whole.stored;
        multiplied = whole.multiplied;
        positions = whole.positions;
        this.prefix = prefix;
        this.part = part;
        this.role = role;
    }

    /** Makes what makes the first layer's rows of inputs. */
    public LayerBuilder inputs() {
        return new LayerBuilder(this, prefix, Part.EMBEDDINGS, role);
    }

    /** Makes what makes results of the last layer's rows. */
    public LayerBuilder head() {
        return new LayerBuilder(this, prefix, Part.HEAD, role);
    }

    /** Makes layers of a decoder. */
    public LayerBuilder decoder() {
        return new LayerBuilder(this, prefix, part, BlockSlot.Role.DECODER);
    }

    /** Makes the narrow forms of layers. */
    LayerBuilder narrow() {
        return new LayerBuilder(this, ShortPathConfig.PREFIX, Part.NARROW, role);
    }

    /** Makes the gate of tokens that leave. */
    LayerBuilder gate() {
        return new LayerBuilder(this, ShortPathConfig.PREFIX + "gate.", Part.GATE, role);
    }

    /** Tensors of what was built so far. */
    public List<StoredTensor> stored() {
        return stored;
    }

    /** Of what was built so far, learners apart, what is multiplied by. */
    Set<Parameter> multiplied() {
        return multiplied;
    }

    Architecture sizes() {
        return sizes;
    }

    AdaptiveConfig config() {
        return config;
    }

    Parameters parameters() {
        return parameters;
    }

    /** Whether names and shapes are all that is wanted: what is made cannot run. */
    boolean shapesOnly() {
        return parameters.backend() instanceof ShapeBackend;
    }

    /**
     * Layers whose tensors are numbered.
     *
     * @param path before their numbers, such as {@code encoder.layer.}
     * @param forms of each
     */
    public LayerStack layers(String path, List<LayerForm> forms, LayerNames names) {
        return new LayerStack(eachLayer(path, forms, names), Optional.empty());
    }

    /** The same with the short path, if the model has one. */
    public LayerStack layers(String path, List<LayerForm> forms, LayerNames names, LeavingTokens tokens) {
        List<TransformerLayer> layers = eachLayer(path, forms, names);
        return new LayerStack(
                layers,
                config.shortPath()
                        .flatMap(own -> ShortPath.of(own, tokens, this, () -> narrow().eachLayer(path, forms, names))));
    }

    private List<TransformerLayer> eachLayer(String path, List<LayerForm> forms, LayerNames names) {
        return IntStream.range(0, forms.size())
                .mapToObj(i -> TransformerLayer.of(path + i + ".", forms.get(i), names, this))
                .toList();
    }

    /** Attention of a layer, such as {@code encoder.layer.0.}, or what was made of it. */
    BlockSlot attention(String layer, AttentionForm form, LayerNames names) {
        int hidden = sizes.hiddenSize();
        Linear output =
                sideBySide(layer, "", form.width(), List.of(new Wide(names.output(), hidden)), form.outputBias());
        LayerNames.Norms norms = names.norms();
        Attention.HeadNorms headNorms = form.headNorm()
                .map(norm -> new Attention.HeadNorms(
                        rms(layer + norms.query(), norm, form.headSize()),
                        rms(layer + norms.key(), norm, form.headSize())))
                .orElse(null);
        return attention(
                layer + "attention",
                new Attention(
                        qkv(layer, form, names),
                        output,
                        form,
                        rotary(form),
                        headNorms,
                        positions.bias(form, this),
                        positions.projected(prefix + layer + "attention", form, this)));
    }

    /** Q, K and V of a layer side by side. */
    public Linear qkv(String layer, AttentionForm form, LayerNames names) {
        return sideBySide(
                layer,
                "qkv",
                sizes.hiddenSize(),
                List.of(
                        new Wide(names.query(), form.width()),
                        new Wide(names.key(), form.keyWidth()),
                        new Wide(names.value(), form.keyWidth())),
                form.inputBias());
    }

    /** Attention of that path, such as {@code decoder.layers.0.attention}, or what was made of it. */
    public BlockSlot attention(String path, ProjectedAttention dense) {
        Optional<AcmConfig> acm = config.acm();
        if (acm.isPresent() && !acm.get().attentionGates(path).isEmpty()) {
            return slot(path, adaptive(acm.get().attention(parameters, path, role, dense)));
        }
        return slot(path, dense);
    }

    /** The MLP of a layer, such as {@code encoder.layer.0.}, or what was made of it. */
    public BlockSlot mlp(String layer, MlpForm form, LayerNames names) {
        int units = part == Part.NARROW ? NarrowLayers.unitsOf(form.units()) : form.units();
        Mlp dense = dense(layer, form.withUnits(units), names);
        String path = layer + "mlp";
        Optional<AcmConfig> acm = config.acm();
        return slot(
                path,
                acm.isPresent() && acm.get().hasMlp(path)
                        ? adaptive(acm.get().mlp(parameters, path, role, dense))
                        : dense);
    }

    private Mlp dense(String layer, MlpForm form, LayerNames names) {
        var ups = new ArrayList<Wide>();
        ups.add(new Wide(names.up(), form.units()));
        if (form.gated()) {
            ups.add(new Wide(names.gate(), form.units()));
        }
        int hidden = sizes.hiddenSize();
        Linear up = sideBySide(layer, "up+gate", hidden, ups, form.upBias());
        Linear down = sideBySide(layer, "", form.units(), List.of(new Wide(names.down(), hidden)), form.downBias());
        return new Mlp(up, down, form.activation(), form.gated());
    }

    /** A block's place. */
    public BlockSlot slot(String path, Block block) {
        return new BlockSlot(prefix + path, role, block);
    }

    private AdaptiveBlock adaptive(AdaptiveBlock block) {
        stored.addAll(StoredTensor.of(block));
        return block;
    }

    /** The angles of a layer's positions, which are one object for all layers with the same; null if they are not rotary. */
    public RotaryPositions rotary(AttentionForm form) {
        return positions.rotary(form, shapesOnly());
    }

    /** A table of what buckets of distances add to each head's scores. */
    Parameter buckets(String name, int rows, int heads) {
        Parameter table = add(name, rows, heads, Kind.TABLE);
        stored.add(StoredTensor.matrix(table.name(), table));
        return table;
    }

    /**
     * A linear layer of several side by side.
     *
     * @param name of all in their place, if they are several and a file has no name for them
     */
    private Linear sideBySide(String layer, String name, int inputs, List<Wide> sides, boolean biased) {
        var all = SideBySide.of(layer, name, sides);
        Parameter weight = add(all.path() + ".weight", inputs, all.columns(), Kind.WEIGHT);
        stored.addAll(all.stored(prefix, ".weight", weight, Layout.TRANSPOSED));
        Parameter bias = null;
        if (biased) {
            bias = add(all.path() + ".bias", 1, all.columns(), Kind.BIAS);
            stored.addAll(all.stored(prefix, ".bias", bias, Layout.VECTOR));
        }
        return new Linear(weight(weight), bias);
    }

    private Parameter add(String name, int rows, int columns, Kind kind) {
        return parameters.add(prefix + name, rows, columns, part, kind);
    }

    /** A linear layer with a bias. */
    public Linear linear(String path, int inputs, int outputs) {
        return linear(path, inputs, outputs, true);
    }

    /** A linear layer with a bias or without. */
    Linear linear(String path, int inputs, int outputs, boolean biased) {
        return sideBySide("", "", inputs, List.of(new Wide(Side.of(path), outputs)), biased);
    }

    /**
     * Linear layers without biases, side by side in one, though a file has each by itself.
     *
     * @param path before the names of all
     * @param name what they are together
     */
    public Linear matrices(String path, String name, int inputs, int outputs, String... each) {
        List<Wide> sides = Arrays.stream(each)
                .map(tensor -> new Wide(Side.of(tensor), outputs))
                .toList();
        return sideBySide(path, name, inputs, sides, false);
    }

    /** A convolution of images whose windows lie side by side: a linear layer on the windows, whose channels come one after the other. */
    public Linear patchProjection(String path, int channels, int side) {
        int outputs = sizes.hiddenSize();
        Parameter weight = add(path + ".weight", channels * side * side, outputs, Kind.WEIGHT);
        stored.add(StoredTensor.transposed(weight.name(), weight)
                .shaped((long) outputs, (long) channels, (long) side, (long) side));
        return new Linear(weight(weight), vector(path + ".bias", outputs));
    }

    /** A norm of tokens' vectors. */
    public Norm norm(String path, NormForm form) {
        return form.centred() ? layerNorm(path, form) : rms(path, form, sizes.hiddenSize());
    }

    private RmsNorm rms(String path, NormForm form, int width) {
        if (form.centred() || form.shifted()) {
            throw new IllegalArgumentException("the norm " + path + " must be a RMSNorm without shift");
        }
        return RmsNorm.of(stored(add(path + ".weight", 1, width, Kind.GAIN)), form.plusOne(), form.epsilon());
    }

    /** The same that is a LayerNorm. */
    public LayerNorm layerNorm(String path, NormForm form) {
        return layerNorm(path, form, sizes.hiddenSize());
    }

    /** The same of rows of another width. */
    public LayerNorm layerNorm(String path, NormForm form, int width) {
        if (!form.centred() || form.plusOne()) {
            throw new IllegalArgumentException("the norm " + path + " must be a LayerNorm without 1 added to its gain");
        }
        Parameter gain = stored(add(path + ".weight", 1, width, Kind.GAIN));
        Parameter shift = form.shifted()
                ? stored(add(path + ".bias", 1, width, Kind.SHIFT))
                : parameters.fixed(prefix + path + ".bias", 1, width);
        return new LayerNorm(gain, shift, (float) form.epsilon());
    }

    public GroupNorm groupNorm(String path, double epsilon) {
        int width = sizes.hiddenSize();
        return new GroupNorm(
                stored(add(path + ".weight", 1, width, Kind.GAIN)),
                stored(add(path + ".bias", 1, width, Kind.SHIFT)),
                (float) epsilon);
    }

    /** A norm of each channel of sound, over time. */
    public ChannelNorm channelNorm(String path, int channels, double epsilon) {
        return new ChannelNorm(
                stored(add(path + ".weight", 1, channels, Kind.GAIN)),
                stored(add(path + ".bias", 1, channels, Kind.SHIFT)),
                (float) epsilon);
    }

    /** A parameter that a file has as a vector. */
    private Parameter stored(Parameter vector) {
        stored.add(StoredTensor.vector(vector.name(), vector));
        return vector;
    }

    /** A bias, {@code [1, columns]}. */
    public Parameter vector(String name, int columns) {
        return stored(add(name, 1, columns, Kind.BIAS));
    }

    /** A table of vectors, {@code [rows, hidden]}. */
    public Parameter table(String name, int rows) {
        Parameter table = add(name, rows, sizes.hiddenSize(), Kind.TABLE);
        stored.add(StoredTensor.matrix(table.name(), table));
        return table;
    }

    /** The same, which a file has with dimensions of 1 before it. */
    public Parameter table(String name, int rows, Long... shape) {
        Parameter table = add(name, rows, sizes.hiddenSize(), Kind.TABLE);
        stored.add(StoredTensor.matrix(table.name(), table).shaped(shape));
        return table;
    }

    /** To multiply by a parameter, which is packed for that. */
    public Weight weight(Parameter parameter) {
        multiplied.add(parameter);
        return new Weight(parameters, parameter);
    }

    /** A convolution along rows of channels. */
    public Convolution convolution(String path, int channels, int outputs, SoundForm.Step step, boolean biased) {
        Parameter weight = add(path + ".weight", step.width() * channels, outputs, Kind.WEIGHT);
        stored.add(StoredTensor.convolution(weight.name(), weight, channels));
        Parameter bias = biased ? vector(path + ".bias", outputs) : null;
        return new Convolution(new Linear(weight(weight), bias), step.width(), step.step());
    }

    /** A convolution along rows that keeps them, in groups of columns that do not mix, each of which has tensors of its own, {@code PATH.weight.GROUP} and so on. */
    public GroupedConvolution groupedConvolution(String path, int groups, int width) {
        int columns = sizes.hiddenSize() / groups;
        var kernels = new ArrayList<Weight>();
        var biases = new ArrayList<Parameter>();
        for (int i = 0; i < groups; i++) {
            Parameter weight = add(path + ".weight." + i, width * columns, columns, Kind.WEIGHT);
            stored.add(StoredTensor.convolution(weight.name(), weight, columns));
            kernels.add(weight(weight));
            biases.add(vector(path + ".bias." + i, columns));
        }
        return new GroupedConvolution(kernels, biases, width);
    }
}
