package io.tokenwise.model.modernbert;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.Adaptable;
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
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** ModernBERT (Warner et al. 2024): norms before, gated MLPs, rotary positions, and in most layers a window. */
public final class ModernBertFamily implements TextFamily {
    public static final ModernBertFamily MODERN_BERT = new ModernBertFamily();

    private static final String GLOBAL = "full_attention";
    private static final String LOCAL = "sliding_attention";

    private static final EmbeddingForm.Names TABLES =
            new EmbeddingForm.Names("embeddings.tok_embeddings", null, null, "embeddings.norm");

    // The activation is of the first half of Wi, which so is the gate.
    private static final LayerNames NAMES = LayerNames.of(
                    "", "", "", "attn.Wo", "", "mlp.Wo", LayerNames.Norms.of("attn_norm", "mlp_norm"))
            .fused("attn.Wqkv")
            .gatedBy(new Side("mlp.Wi", 1, 2), new Side("mlp.Wi", 0, 2));

    private ModernBertFamily() {}

    @Override
    public String name() {
        return "modernbert";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name());
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        EncoderConfig sizes = EncoderConfig.read(config);
        Activation gate = EncoderConfig.activation(config, "hidden_activation", "gelu");
        var norm = new NormForm(
                true,
                config.flag("norm_bias", false),
                false,
                config.has("norm_eps") ? config.number("norm_eps", 1e-20, 1) : 1e-5);
        boolean attentionBias = config.flag("attention_bias", false);
        boolean mlpBias = config.flag("mlp_bias", false);
        int most = EncoderConfig.positionRows(config, 0);
        int headSize = sizes.rotaryHeadSize(config);
        var plain = AttentionForm.plain(sizes.heads(), headSize);
        AttentionForm everywhere = attentionBias ? plain : plain.withoutBiases();
        int side = config.integer("local_attention", 1, 1 << 24, 128) / 2;
        AttentionForm global = everywhere.with(rotary(config, headSize, GLOBAL, "global_rope_theta", 160_000, most));
        AttentionForm local = everywhere
                .with(rotary(config, headSize, LOCAL, "local_rope_theta", 10_000, most))
                .within(side, side);
        var mlp = new MlpForm(sizes.units(), gate, true, mlpBias, mlpBias);
        var forms = new ArrayList<LayerForm>();
        for (int i = 0; i < sizes.layers(); i++) {
            // The embeddings are normed already.
            Optional<NormForm> attentionNorm = i == 0 ? Optional.empty() : Optional.of(norm);
            AttentionForm attention = isGlobal(config, i) ? global : local;
            forms.add(new LayerForm(LayerForm.NormPlace.BEFORE, attentionNorm, norm, attention, mlp));
        }
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.empty(), 0, 1, Optional.of(norm)),
                forms,
                Optional.of(norm));
    }

    /** Newer files say each layer's kind, older ones how many layers apart the global ones are. */
    private static boolean isGlobal(JsonFile config, int layer) {
        if (!config.has("layer_types")) {
            return layer % config.integer("global_attn_every_n_layers", 1, 1 << 10, 3) == 0;
        }
        String type = config.root().get("layer_types").path(layer).asString("");
        if (!type.equals(GLOBAL) && !type.equals(LOCAL)) {
            throw config.refuse("layer_types", GLOBAL + " or " + LOCAL + " for each layer");
        }
        return type.equals(GLOBAL);
    }

    private static Positions rotary(JsonFile config, int headSize, String kind, String older, double absent, int most) {
        double base = absent;
        if (config.has("rope_parameters")) {
            var own = new JsonFile(
                    config.file(), config.root().get("rope_parameters").path(kind));
            own.supports("rope_type", "default");
            base = own.has("rope_theta") ? own.number("rope_theta", 1, 1e12) : absent;
        } else if (config.has(older)) {
            base = config.number(older, 1, 1e12);
        }
        if (config.has("rope_scaling")) {
            throw config.refuse("rope_scaling", "nothing");
        }
        return new Positions.Rotary(headSize, base, true, new double[0], most);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("model.");
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

    /** Where tokens stand is told by angles, which tokens that leave would move: so none do yet. */
    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.BY_LEARNERS;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        LayerForm first = form.forms().getFirst();
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.putArray("architectures").add("ModernBertModel");
        config.put("model_type", name())
                .put("hidden_size", form.hiddenSize())
                .put("num_hidden_layers", form.layers())
                .put("num_attention_heads", form.heads())
                .put("intermediate_size", form.intermediateSize())
                .put("vocab_size", form.vocabularySize())
                .put("max_position_embeddings", form.maxPositions())
                .put("norm_eps", first.mlpNorm().epsilon())
                .put("norm_bias", first.mlpNorm().shifted())
                .put("attention_bias", first.attention().inputBias())
                .put("mlp_bias", first.mlp().upBias())
                .put("hidden_activation", EncoderConfig.name(first.mlp().activation()));
        var types = config.putArray("layer_types");
        for (LayerForm layer : form.forms()) {
            boolean local = layer.attention().before() != AttentionForm.ALL;
            types.add(local ? LOCAL : GLOBAL);
            double base = ((Positions.Rotary) layer.attention().positions()).base();
            config.put(local ? "local_rope_theta" : "global_rope_theta", base);
            if (local) {
                config.put("local_attention", 2 * layer.attention().before());
            }
        }
        return config;
    }
}
