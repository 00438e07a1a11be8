package io.tokenwise.model.gemma3;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Network;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.model.TextOutput;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** Gemma 3's text model and EmbeddingGemma (Google 2025): norms around, a window in most layers, which have positions of their own, causal or not. */
public final class Gemma3Family implements TextFamily {
    public static final Gemma3Family GEMMA3 = new Gemma3Family();

    private static final LayerNames NAMES = LayerNames.llama(new LayerNames.Norms(
            "input_layernorm",
            "pre_feedforward_layernorm",
            "post_attention_layernorm",
            "post_feedforward_layernorm",
            "self_attn.q_norm",
            "self_attn.k_norm"));

    private static final String CAUSAL = "is_causal";
    private static final String BOTH_WAYS = "use_bidirectional_attention";

    private Gemma3Family() {}

    @Override
    public String name() {
        return "gemma3";
    }

    /** Of words' logits, which are not made; and of which layers have windows, where each layer's kind is said. */
    @Override
    public Set<String> unread() {
        return Set.of(
                "_sliding_window_pattern", "cache_implementation", "final_logit_softcapping", "sliding_window_pattern");
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
        var norm = new NormForm(false, false, true, EncoderConfig.epsilon(config, "rms_norm_eps", 1e-6));
        double scalar = config.has("query_pre_attn_scalar") ? config.number("query_pre_attn_scalar", 1e-3, 1e6) : 256;
        boolean halved = config.flag(BOTH_WAYS, false);
        boolean causal = config.flag(CAUSAL, true) && !halved;
        if (halved && !config.flag(CAUSAL, true)) {
            throw config.refuse(CAUSAL, "true beside " + BOTH_WAYS + ", which says how far windows go");
        }
        AttentionForm plain = AttentionForm.plain(sizes.heads(), headSize)
                .withKeyHeads(sizes.keyHeads(config))
                .withHeadNorm(norm)
                .scaledBy(1 / Math.sqrt(scalar));
        AttentionForm form = config.flag("attention_bias", false) ? plain : plain.withoutBiases();
        // A window counts a token itself; one to both sides is halved, but where is_causal alone says that there are
        // two
        // (transformers' masking_utils.py at 00c4411c).
        int window = config.integer("sliding_window", 1, 1 << 24, 4_096);
        int reach = halved ? window / 2 : window;
        int most = EncoderConfig.rotaryTokens(config);
        AttentionForm global = form.with(
                        EncoderConfig.rotary(config, headSize, EncoderConfig.GLOBAL, "rope_theta", 1e6, most))
                .within(AttentionForm.ALL, causal ? 0 : AttentionForm.ALL);
        AttentionForm local = form.with(
                        EncoderConfig.rotary(config, headSize, EncoderConfig.LOCAL, "rope_local_base_freq", 1e4, most))
                .within(causal ? window - 1 : reach, causal ? 0 : reach);
        var mlp = new MlpForm(
                sizes.units(),
                EncoderConfig.activation(config, "hidden_activation", "gelu_pytorch_tanh"),
                true,
                false,
                false);
        var forms = new ArrayList<LayerForm>();
        for (int i = 0; i < sizes.layers(); i++) {
            boolean all = EncoderConfig.isGlobal(config, i, "sliding_window_pattern", 6, true);
            forms.add(LayerForm.of(LayerForm.NormPlace.AROUND, norm, all ? global : local, mlp));
        }
        // By float32's root, as transformers has it where weights are float32.
        var embeddings = new EmbeddingForm(
                sizes.vocabulary(), Optional.empty(), 0, (float) Math.sqrt(sizes.hidden()), Optional.empty());
        return new EncoderForm(sizes.hidden(), embeddings, forms, Optional.of(norm));
    }

    @Override
    public int mostTokens(JsonFile config, TextArchitecture architecture) {
        return EncoderConfig.positionRows(config, 0);
    }

    @Override
    public HeadForm head(JsonFile config) {
        return HeadForm.last("score", config);
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "score", labels);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("model.", model, "score.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return TextNetwork.ofLlama(model, NAMES, parts);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.WITHOUT_QUERIES;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        LayerForm layer = form.forms().getFirst();
        AttentionForm attention = layer.attention();
        boolean causal = attention.after() == 0;
        ObjectNode config = EncoderConfig.writtenLlama("gemma3_text", "Gemma3Text", model);
        config.put("query_pre_attn_scalar", Math.rint(1e6 / (attention.scale() * attention.scale())) / 1e6)
                .put("hidden_activation", EncoderConfig.name(layer.mlp().activation()))
                .put(BOTH_WAYS, !causal);
        HeadForm.writePadding(model, config);
        var types = config.putArray("layer_types");
        for (LayerForm each : form.forms()) {
            boolean local = each.attention().before() != AttentionForm.ALL;
            types.add(local ? EncoderConfig.LOCAL : EncoderConfig.GLOBAL);
            double base = ((Positions.Rotary) each.attention().positions()).base();
            config.put(local ? "rope_local_base_freq" : "rope_theta", base);
            if (!local) {
                EncoderConfig.writeScaling(each.attention().positions(), config);
            } else {
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
