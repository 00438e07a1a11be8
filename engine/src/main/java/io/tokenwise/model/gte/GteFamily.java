package io.tokenwise.model.gte;

import io.tokenwise.io.JsonFile;
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
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** GTE v1.5 and gte-multilingual (Zhang et al. 2024), whose type is {@code new}: BERT with rotary positions, scaled for long texts, and gated MLPs. */
public final class GteFamily implements TextFamily {
    public static final GteFamily GTE = new GteFamily();

    private static final String SCALING = "rope_scaling";

    private static final EmbeddingForm.Names TABLES = new EmbeddingForm.Names(
            "embeddings.word_embeddings", null, "embeddings.token_type_embeddings", "embeddings.LayerNorm");

    // The second half is the gate.
    private static final LayerNames NAMES = LayerNames.of(
                    "", "", "", "attention.o_proj", "", "mlp.down_proj", LayerNames.Norms.of("attn_ln", "mlp_ln"))
            .fused("attention.qkv_proj")
            .gatedBy(new Side("mlp.up_gate_proj", 0, 2), new Side("mlp.up_gate_proj", 1, 2));

    private GteFamily() {}

    @Override
    public String name() {
        return "gte";
    }

    @Override
    public Set<String> unread() {
        return Set.of("unpad_inputs", "use_memory_efficient_attention");
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of("new", name());
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        config.supports("position_embedding_type", "rope");
        config.supports("layer_norm_type", "layer_norm");
        EncoderConfig.areFalse(config, "logn_attention_scale", "logn_attention_clip1");
        if (!config.flag("pack_qkv", true)) {
            throw config.refuse("pack_qkv", "true");
        }
        EncoderConfig sizes = EncoderConfig.read(config);
        var norm = NormForm.layerNorm(EncoderConfig.epsilon(config, 1e-12));
        int headSize = sizes.rotaryHeadSize(config);
        AttentionForm attention = AttentionForm.plain(sizes.heads(), headSize).with(positions(config, headSize));
        var mlp = new MlpForm(sizes.units(), EncoderConfig.activation(config, "hidden_act", "gelu"), true, false, true);
        int types = config.integer("type_vocab_size", 0, 256);
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.empty(), types, 1, Optional.of(norm)),
                Collections.nCopies(sizes.layers(), LayerForm.of(LayerForm.NormPlace.AFTER, norm, attention, mlp)),
                Optional.empty());
    }

    /** Scaled, the base is as many times as large, and all angles are smaller by the root of which a pair is one. */
    private static Positions positions(JsonFile config, int headSize) {
        double base = config.has("rope_theta") ? config.number("rope_theta", 1, 1e12) : 10_000;
        double factor = factor(config);
        List<Double> factors =
                factor == 1 ? List.of() : Collections.nCopies(headSize / 2, Math.pow(factor, -2.0 / headSize));
        return new Positions.Rotary(headSize, base * factor, true, factors, EncoderConfig.rotaryTokens(config));
    }

    private static double factor(JsonFile config) {
        if (!config.has(SCALING)) {
            return 1;
        }
        var scaling = new JsonFile(config.file(), config.root().get(SCALING));
        if (!scaling.root().path("type").asString("").equals("ntk") || scaling.has("mixed_b")) {
            throw config.refuse(SCALING, "nothing, or type ntk with a factor alone");
        }
        return scaling.number("factor", 1, 1e6);
    }

    @Override
    public int mostTokens(JsonFile config, TextArchitecture architecture) {
        return EncoderConfig.positionRows(config, 0);
    }

    @Override
    public HeadForm head(JsonFile config) {
        return HeadForm.pooled("pooler.dense", "classifier");
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "classifier", labels);
    }

    @Override
    public Optional<WordsForm> words(JsonFile config, TextArchitecture sizes) {
        var norm = new HeadForm.Normed("lm_head.norm", NormForm.layerNorm(sizes.layerNormEpsilon()));
        var layer = new HeadForm.Layer(
                "lm_head.dense", true, EncoderConfig.activation(config, "hidden_act", "gelu"), Optional.of(norm));
        return Optional.of(new WordsForm(layer, "lm_head.decoder.bias", "lm_head.decoder.weight"));
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("new.", model, "classifier.", "lm_head.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        var form = (EncoderForm) model.architecture();
        return TextNetwork.of((TextDescription) model, form, TABLES, "encoder.layer.", NAMES, null, parts);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.WITHOUT_QUERIES;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        LayerForm layer = form.forms().getFirst();
        var positions = (Positions.Rotary) layer.attention().positions();
        List<Double> factors = positions.frequencyFactors();
        double factor = factors.isEmpty() ? 1 : rounded(Math.pow(factors.getFirst(), -factors.size()));
        ObjectNode config = EncoderConfig.written("new", "New", model)
                .put("type_vocab_size", form.embeddings().types())
                .put("layer_norm_type", "layer_norm")
                .put("layer_norm_eps", form.layerNormEpsilon())
                .put("hidden_act", EncoderConfig.name(layer.mlp().activation()))
                .put("position_embedding_type", "rope")
                .put("rope_theta", rounded(positions.base() / factor))
                .put("pack_qkv", true);
        if (factor != 1) {
            config.putObject(SCALING).put("type", "ntk").put("factor", factor);
        }
        return config;
    }

    /** Without what powers and quotients left in the last places. */
    private static double rounded(double value) {
        return new BigDecimal(value, new MathContext(12)).doubleValue();
    }
}
