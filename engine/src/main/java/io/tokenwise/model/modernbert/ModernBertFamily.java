package io.tokenwise.model.modernbert;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.LayerNames.Side;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Network;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.WordsForm;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** ModernBERT (Warner et al. 2024): norms before, gated MLPs, rotary positions, and in most layers a window. */
public final class ModernBertFamily implements TextFamily {
    public static final ModernBertFamily MODERN_BERT = new ModernBertFamily();

    private static final EmbeddingForm.Names TABLES =
            new EmbeddingForm.Names("embeddings.tok_embeddings", null, null, "embeddings.norm");

    // The activation is of the first half of Wi, which so is the gate.
    private static final LayerNames NAMES = LayerNames.of(
                    "", "", "", "attn.Wo", "", "mlp.Wo", LayerNames.Norms.of("attn_norm", "mlp_norm"))
            .fused("attn.Wqkv")
            .gatedBy(new Side("mlp.Wi", 1, 2), new Side("mlp.Wi", 0, 2));

    private static final String POOLING = "classifier_pooling";
    private static final String CLS = "cls";
    private static final String MEAN = "mean";

    private ModernBertFamily() {}

    @Override
    public String name() {
        return "modernbert";
    }

    /** Of the head, where none is read; how many layers apart global ones are, where each layer's kind is said; and what all of BERT's configs were given. */
    @Override
    public Set<String> unread() {
        return Set.of(
                "classifier_activation",
                "classifier_bias",
                "classifier_pooling",
                "decoder_bias",
                "deterministic_flash_attn",
                "global_attn_every_n_layers",
                "layer_norm_eps",
                "position_embedding_type",
                "reference_compile",
                "repad_logits_with_grad",
                "sparse_pred_ignore_index",
                "sparse_prediction");
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name());
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        EncoderConfig sizes = EncoderConfig.read(config);
        if (config.has("rope_scaling")) {
            throw config.refuse("rope_scaling", "nothing");
        }
        Activation gate = EncoderConfig.activation(config, "hidden_activation", "gelu");
        NormForm norm = norm(config);
        boolean attentionBias = config.flag("attention_bias", false);
        boolean mlpBias = config.flag("mlp_bias", false);
        int most = EncoderConfig.rotaryTokens(config);
        int headSize = sizes.rotaryHeadSize(config);
        var plain = AttentionForm.plain(sizes.heads(), headSize);
        AttentionForm everywhere = attentionBias ? plain : plain.withoutBiases();
        int side = config.integer("local_attention", 1, 1 << 24, 128) / 2;
        AttentionForm global = everywhere.with(
                EncoderConfig.rotary(config, headSize, EncoderConfig.GLOBAL, "global_rope_theta", 160_000, most));
        AttentionForm local = everywhere
                .with(EncoderConfig.rotary(config, headSize, EncoderConfig.LOCAL, "local_rope_theta", 10_000, most))
                .within(side, side);
        var mlp = new MlpForm(sizes.units(), gate, true, mlpBias, mlpBias);
        var forms = new ArrayList<LayerForm>();
        for (int i = 0; i < sizes.layers(); i++) {
            // The embeddings are normed already.
            Optional<NormForm> attentionNorm = i == 0 ? Optional.empty() : Optional.of(norm);
            AttentionForm attention =
                    EncoderConfig.isGlobal(config, i, "global_attn_every_n_layers", 3, false) ? global : local;
            forms.add(new LayerForm(LayerForm.NormPlace.BEFORE, attentionNorm, norm, attention, mlp));
        }
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.empty(), 0, 1, Optional.of(norm)),
                forms,
                Optional.of(norm));
    }

    @Override
    public int mostTokens(JsonFile config, TextArchitecture architecture) {
        return EncoderConfig.positionRows(config, 0);
    }

    private static NormForm norm(JsonFile config) {
        return new NormForm(
                true, config.flag("norm_bias", false), false, EncoderConfig.epsilon(config, "norm_eps", 1e-5));
    }

    /** Of the first token or of the mean. */
    @Override
    public HeadForm head(JsonFile config) {
        config.supports(POOLING, CLS, MEAN);
        boolean mean = config.root().path(POOLING).asString(CLS).equals(MEAN);
        return new HeadForm(mean ? Pooling.MEAN : Pooling.FIRST, Optional.of(layer(config)), "classifier");
    }

    private static HeadForm.Layer layer(JsonFile config) {
        return new HeadForm.Layer(
                "head.dense",
                config.flag("classifier_bias", false),
                EncoderConfig.activation(config, "classifier_activation", "gelu"),
                Optional.of(new HeadForm.Normed("head.norm", norm(config))));
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.of(layer(config)), "classifier", labels);
    }

    /** With the layer that heads of classes have. */
    @Override
    public Optional<WordsForm> words(JsonFile config, TextArchitecture sizes) {
        return Optional.of(new WordsForm(layer(config), "decoder.bias", "decoder.weight"));
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("model.", model, "head.", "classifier.", "decoder.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return TextNetwork.of(
                (TextDescription) model,
                (EncoderForm) model.architecture(),
                TABLES,
                "layers.",
                NAMES,
                "final_norm",
                parts);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.WITHOUT_QUERIES;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        LayerForm first = form.forms().getFirst();
        ObjectNode config = EncoderConfig.written(name(), "ModernBert", model);
        config.put("norm_eps", first.mlpNorm().epsilon())
                .put("norm_bias", first.mlpNorm().shifted())
                .put("attention_bias", first.attention().inputBias())
                .put("mlp_bias", first.mlp().upBias())
                .put("hidden_activation", EncoderConfig.name(first.mlp().activation()));
        switch (((TextDescription) model).output()) {
            case TextOutput.SequenceClasses classes -> {
                config.put(POOLING, classes.head().pooling() == Pooling.MEAN ? MEAN : CLS);
                write(classes.head().layer().orElseThrow(), config);
            }
            case TextOutput.TokenClasses classes -> write(classes.layer().orElseThrow(), config);
            case TextOutput.Sparse sparse -> write(sparse.words().layer(), config);
            case TextOutput.MaskedTokens masked -> write(masked.words().layer(), config);
            default -> {}
        }
        var types = config.putArray("layer_types");
        for (LayerForm layer : form.forms()) {
            boolean local = layer.attention().before() != AttentionForm.ALL;
            types.add(local ? EncoderConfig.LOCAL : EncoderConfig.GLOBAL);
            double base = ((Positions.Rotary) layer.attention().positions()).base();
            config.put(local ? "local_rope_theta" : "global_rope_theta", base);
            if (local) {
                config.put("local_attention", 2 * layer.attention().before());
            }
        }
        return config;
    }

    private static void write(HeadForm.Layer layer, ObjectNode config) {
        config.put("classifier_bias", layer.bias())
                .put("classifier_activation", EncoderConfig.name(layer.activation()));
    }
}
