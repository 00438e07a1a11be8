package io.tokenwise.model.gemma3;

import io.tokenwise.io.JsonFile;
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
import io.tokenwise.model.TextArchitecture;
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

/** Gemma 3's text model and EmbeddingGemma (Google 2025): norms around, a window in most layers, which have positions of their own, causal or not. */
public final class Gemma3Family implements TextFamily {
    public static final Gemma3Family GEMMA3 = new Gemma3Family();

    private static final String GLOBAL = "full_attention";
    private static final String LOCAL = "sliding_attention";

    private static final EmbeddingForm.Names TABLES = new EmbeddingForm.Names("embed_tokens", null, null, null);

    private static final LayerNames NAMES = LayerNames.of(
                    "self_attn.q_proj",
                    "self_attn.k_proj",
                    "self_attn.v_proj",
                    "self_attn.o_proj",
                    "mlp.up_proj",
                    "mlp.down_proj",
                    new LayerNames.Norms(
                            "input_layernorm",
                            "pre_feedforward_layernorm",
                            "post_attention_layernorm",
                            "post_feedforward_layernorm",
                            "self_attn.q_norm",
                            "self_attn.k_norm"))
            .gatedBy(Side.of("mlp.up_proj"), Side.of("mlp.gate_proj"));

    /** Longer texts are cut to so many tokens: the angles of 131,072 would take half a GiB. */
    private static final int MOST_TOKENS = 8_192;

    private Gemma3Family() {}

    @Override
    public String name() {
        return "gemma3";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of("gemma3_text");
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        if (config.has("attn_logit_softcapping")) {
            throw config.refuse("attn_logit_softcapping", "nothing");
        }
        EncoderConfig sizes = EncoderConfig.read(config);
        int headSize = EncoderConfig.evenHeadSize(config, 256);
        var norm = new NormForm(
                false, false, true, config.has("rms_norm_eps") ? config.number("rms_norm_eps", 1e-20, 1) : 1e-6);
        double scalar = config.has("query_pre_attn_scalar") ? config.number("query_pre_attn_scalar", 1e-3, 1e6) : 256;
        boolean causal = !config.flag("use_bidirectional_attention", false);
        AttentionForm plain = AttentionForm.plain(sizes.heads(), headSize)
                .withKeyHeads(sizes.keyHeads(config))
                .withHeadNorm(norm)
                .scaledBy(1 / Math.sqrt(scalar));
        AttentionForm form = config.flag("attention_bias", false) ? plain : plain.withoutBiases();
        // A window counts a token itself; one to both sides is halved.
        int window = config.integer("sliding_window", 1, 1 << 24, 4_096);
        AttentionForm global = form.with(rotary(config, headSize, GLOBAL, "rope_theta", 1e6))
                .within(AttentionForm.ALL, causal ? 0 : AttentionForm.ALL);
        AttentionForm local = form.with(rotary(config, headSize, LOCAL, "rope_local_base_freq", 1e4))
                .within(causal ? window - 1 : window / 2, causal ? 0 : window / 2);
        var mlp = new MlpForm(
                sizes.units(),
                EncoderConfig.activation(config, "hidden_activation", "gelu_pytorch_tanh"),
                true,
                false,
                false);
        var forms = new ArrayList<LayerForm>();
        for (int i = 0; i < sizes.layers(); i++) {
            forms.add(LayerForm.of(LayerForm.NormPlace.AROUND, norm, isGlobal(config, i) ? global : local, mlp));
        }
        // By float32's root, as transformers has it where weights are float32.
        var embeddings = new EmbeddingForm(
                sizes.vocabulary(), Optional.empty(), 0, (float) Math.sqrt(sizes.hidden()), Optional.empty());
        return new EncoderForm(sizes.hidden(), embeddings, forms, Optional.of(norm));
    }

    /** Newer files say each layer's kind, older ones how many layers apart the global ones are. */
    private static boolean isGlobal(JsonFile config, int layer) {
        if (!config.has("layer_types")) {
            return (layer + 1) % config.integer("sliding_window_pattern", 1, 1 << 10, 6) == 0;
        }
        String type = config.root().get("layer_types").path(layer).asString("");
        if (!type.equals(GLOBAL) && !type.equals(LOCAL)) {
            throw config.refuse("layer_types", GLOBAL + " or " + LOCAL + " for each layer");
        }
        return type.equals(GLOBAL);
    }

    private static Positions rotary(JsonFile config, int headSize, String kind, String older, double absent) {
        double base = EncoderConfig.rotaryBase(config, kind, older, absent);
        int most = Math.min(MOST_TOKENS, EncoderConfig.positionRows(config, 0));
        return new Positions.Rotary(headSize, base, true, new double[0], most);
    }

    @Override
    public int mostTokens(JsonFile config, TextArchitecture architecture) {
        return EncoderConfig.positionRows(config, 0);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("model.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        var form = (EncoderForm) model.architecture();
        return TextNetwork.of((TextDescription) model, form, TABLES, "layers.", NAMES, "norm", parts);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.BY_LEARNERS;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        LayerForm layer = form.forms().getFirst();
        AttentionForm attention = layer.attention();
        boolean causal = attention.after() == 0;
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.putArray("architectures").add("Gemma3TextModel");
        config.put("model_type", "gemma3_text")
                .put("hidden_size", form.hiddenSize())
                .put("num_hidden_layers", form.layers())
                .put("num_attention_heads", form.heads())
                .put("num_key_value_heads", attention.keyHeads())
                .put("head_dim", attention.headSize())
                .put("intermediate_size", form.intermediateSize())
                .put("vocab_size", form.vocabularySize())
                .put("max_position_embeddings", form.maxPositions())
                .put("rms_norm_eps", layer.mlpNorm().epsilon())
                .put("query_pre_attn_scalar", Math.rint(1e6 / (attention.scale() * attention.scale())) / 1e6)
                .put("attention_bias", attention.inputBias())
                .put("hidden_activation", EncoderConfig.name(layer.mlp().activation()))
                .put("use_bidirectional_attention", !causal);
        var types = config.putArray("layer_types");
        for (LayerForm each : form.forms()) {
            boolean local = each.attention().before() != AttentionForm.ALL;
            types.add(local ? LOCAL : GLOBAL);
            double base = ((Positions.Rotary) each.attention().positions()).base();
            config.put(local ? "rope_local_base_freq" : "rope_theta", base);
            if (local) {
                config.put(
                        "sliding_window",
                        causal
                                ? each.attention().before() + 1
                                : 2 * each.attention().before());
            }
        }
        return config;
    }
}
