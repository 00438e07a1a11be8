package io.tokenwise.model.t5;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.ClassesConfig;
import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.LayerNames.Side;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Network;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.model.TextOutput;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The encoder of T5 (Raffel et al. 2020), T5 1.1 and mT5: norms before, scores that are not scaled, with a bias by distance that all layers share, no bias elsewhere. Decoders are not read. */
public final class T5Family implements TextFamily {
    public static final T5Family T5 = new T5Family();

    /** Longer texts are cut to so many tokens; positions have no end of their own. */
    private static final int MOST_TOKENS = 8_192;

    private static final String TABLE = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";
    private static final String BUCKETS = "relative_attention_num_buckets";
    private static final String FARTHEST = "relative_attention_max_distance";
    private static final String HEAD_SIZE = "d_kv";
    private static final String EPSILON = "layer_norm_epsilon";
    private static final String MLP = "feed_forward_proj";
    private static final String ACTIVATION = "dense_act_fn";
    private static final String GATED = "is_gated_act";

    /** What {@link #MLP} begins with where there is a gate. */
    private static final String GATE = "gated-";

    private static final EmbeddingForm.Names TABLES = new EmbeddingForm.Names("shared", null, null, null);

    private static final LayerNames NAMES = LayerNames.of(
            "layer.0.SelfAttention.q",
            "layer.0.SelfAttention.k",
            "layer.0.SelfAttention.v",
            "layer.0.SelfAttention.o",
            "layer.1.DenseReluDense.wi",
            "layer.1.DenseReluDense.wo",
            LayerNames.Norms.of("layer.0.layer_norm", "layer.1.layer_norm"));

    private static final LayerNames GATED_NAMES =
            NAMES.gatedBy(Side.of("layer.1.DenseReluDense.wi_1"), Side.of("layer.1.DenseReluDense.wi_0"));

    private T5Family() {}

    @Override
    public String name() {
        return "t5";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of("t5", "mt5");
    }

    /** Of the decoder, and of training. */
    @Override
    public Set<String> unread() {
        return Set.of(
                "dropout_rate", "is_encoder_decoder", "n_positions", "num_decoder_layers", "scale_decoder_outputs");
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        EncoderConfig sizes = EncoderConfig.read(config, "d_model", "num_layers", "num_heads", "d_ff", HEAD_SIZE);
        var norm = NormForm.rms(EncoderConfig.epsilon(config, EPSILON, 1e-6));
        AttentionForm attention = AttentionForm.plain(sizes.heads(), config.integer(HEAD_SIZE, 1, 1 << 10, 64))
                .with(positions(config))
                .scaledBy(1)
                .withoutBiases();
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.empty(), 0, 1, Optional.empty()),
                Collections.nCopies(
                        sizes.layers(),
                        LayerForm.of(LayerForm.NormPlace.BEFORE, norm, attention, mlp(config, sizes.units()))),
                Optional.of(norm));
    }

    private static Positions positions(JsonFile config) {
        int buckets = config.integer(BUCKETS, 4, 1 << 10, 32);
        if (buckets % 4 != 0) {
            throw config.refuse(BUCKETS, "a multiple of 4");
        }
        int farthest = config.integer(FARTHEST, buckets / 4 + 1, 1 << 16, 128);
        return new Positions.Buckets(TABLE, buckets, farthest, MOST_TOKENS);
    }

    /** What is said twice is as transformers reads it: the activation by its own field, which files of before do not have (configuration_t5.py at 038869d4). */
    private static MlpForm mlp(JsonFile config, int units) {
        config.supports(
                MLP, "relu", "gelu", "gelu_new", "silu", "gated-gelu", "gated-gelu_new", "gated-silu", "gated-relu");
        String said = config.root().path(MLP).asString("relu");
        boolean gated = said.startsWith(GATE);
        if (config.flag(GATED, gated) != gated) {
            throw config.refuse(GATED, gated + ", since " + MLP + " is " + said);
        }
        String name = said.equals("gated-gelu") ? "gelu_new" : said.replace(GATE, "");
        return new MlpForm(units, EncoderConfig.activation(config, ACTIVATION, name), gated, false, false);
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "classifier", labels);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("transformer.", model, "classifier.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        var form = (EncoderForm) model.architecture();
        LayerNames names = form.forms().getFirst().mlp().gated() ? GATED_NAMES : NAMES;
        return TextNetwork.of(
                (TextDescription) model, form, TABLES, "encoder.block.", names, "encoder.final_layer_norm", parts);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.WITHOUT_QUERIES;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        LayerForm layer = form.forms().getFirst();
        var positions = (Positions.Buckets) layer.attention().positions();
        MlpForm mlp = layer.mlp();
        String activation =
                mlp.activation() == Activation.GELU_TANH ? "gelu_new" : EncoderConfig.name(mlp.activation());
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        TextOutput output = ((TextDescription) model).output();
        ClassesConfig.write(output, output instanceof TextOutput.TokenClasses ? "T5" : "T5Encoder", config);
        return config.put("model_type", name())
                .put("d_model", form.hiddenSize())
                .put("num_layers", form.layers())
                .put("num_heads", form.heads())
                .put("d_ff", form.intermediateSize())
                .put(HEAD_SIZE, layer.attention().headSize())
                .put("vocab_size", form.vocabularySize())
                .put(BUCKETS, positions.buckets())
                .put(FARTHEST, positions.farthest())
                .put(EPSILON, layer.mlpNorm().epsilon())
                .put(MLP, (mlp.gated() ? GATE : "") + activation)
                .put(GATED, mlp.gated())
                .put(ACTIVATION, activation);
    }
}
