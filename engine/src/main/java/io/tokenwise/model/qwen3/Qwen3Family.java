package io.tokenwise.model.qwen3;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.ClassesConfig;
import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.Network;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.model.TextOutput;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** Qwen3 (Yang et al. 2025) as an encoder: a causal model whose last token has seen a text's others; heads share keys and values, and norm what they compare. */
public final class Qwen3Family implements TextFamily {
    public static final Qwen3Family QWEN3 = new Qwen3Family();

    private static final LayerNames NAMES = LayerNames.llama(new LayerNames.Norms(
            "input_layernorm", "post_attention_layernorm", null, null, "self_attn.q_norm", "self_attn.k_norm"));

    private static final String TIED = "tie_word_embeddings";

    private Qwen3Family() {}

    @Override
    public String name() {
        return "qwen3";
    }

    /** Of windows, which are refused where they are used. */
    @Override
    public Set<String> unread() {
        return Set.of("max_window_layers", "sliding_window");
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name());
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        EncoderConfig.areFalse(config, "use_sliding_window");
        EncoderConfig sizes = EncoderConfig.read(config);
        for (int i = 0; i < sizes.layers(); i++) {
            if (!EncoderConfig.isGlobal(config, i, "", 1, false)) {
                throw config.refuse("layer_types", EncoderConfig.GLOBAL + " for each layer");
            }
        }
        int headSize = EncoderConfig.evenHeadSize(config, 128);
        var norm = NormForm.rms(EncoderConfig.epsilon(config, "rms_norm_eps", 1e-6));
        Positions positions =
                EncoderConfig.rotary(config, headSize, null, "rope_theta", 10_000, EncoderConfig.rotaryTokens(config));
        AttentionForm plain = AttentionForm.plain(sizes.heads(), headSize)
                .withKeyHeads(sizes.keyHeads(config))
                .withHeadNorm(norm)
                .with(positions)
                .within(AttentionForm.ALL, 0);
        AttentionForm attention = config.flag("attention_bias", false) ? plain : plain.withoutBiases();
        var mlp =
                new MlpForm(sizes.units(), EncoderConfig.activation(config, "hidden_act", "silu"), true, false, false);
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.empty(), 0, 1, Optional.empty()),
                Collections.nCopies(sizes.layers(), LayerForm.of(LayerForm.NormPlace.BEFORE, norm, attention, mlp)),
                Optional.of(norm));
    }

    @Override
    public int mostTokens(JsonFile config, TextArchitecture architecture) {
        return EncoderConfig.positionRows(config, 0);
    }

    /** Without sentence-transformers' files beside it, by which embeddings are told, a causal model is one that compares texts: Qwen3-Reranker. */
    @Override
    public Optional<TextOutput> output(ModelFolder folder, JsonFile config) throws IOException {
        if (!ClassesConfig.isCausal(config)) {
            return TextFamily.super.output(folder, config);
        }
        Optional<String> table = config.flag(TIED, false) ? Optional.empty() : Optional.of("lm_head.weight");
        return Optional.of(new TextOutput.Answer(table, 0, 0));
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
        return TensorNames.behind("model.", model, "lm_head.", "score.");
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
        ObjectNode config = EncoderConfig.writtenLlama(name(), "Qwen3", model);
        if (((TextDescription) model).output() instanceof TextOutput.Answer answer) {
            config.put(TIED, answer.table().isEmpty());
        }
        HeadForm.writePadding(model, config);
        EncoderConfig.writeScaling(layer.attention().positions(), config);
        return config.put("rope_theta", ((Positions.Rotary) layer.attention().positions()).base())
                .put("hidden_act", EncoderConfig.name(layer.mlp().activation()))
                .put("use_sliding_window", false);
    }
}
