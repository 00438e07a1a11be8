package io.tokenwise.model.nomic;

import io.tokenwise.api.BadFileException;
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
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** NomicBERT (Nussbaum et al. 2024): BERT with rotary positions and, mostly, gated MLPs. Sizes are named as GPT-2's are. */
public final class NomicBertFamily implements TextFamily {
    public static final NomicBertFamily NOMIC_BERT = new NomicBertFamily();

    private static final EmbeddingForm.Names TABLES =
            new EmbeddingForm.Names("embeddings.word_embeddings", null, "embeddings.token_type_embeddings", "emb_ln");

    private static final LayerNames UNGATED = LayerNames.of(
                    "", "", "", "attn.out_proj", "mlp.fc1", "mlp.fc2", LayerNames.Norms.of("norm1", "norm2"))
            .fused("attn.Wqkv");

    private static final LayerNames GATED = UNGATED.gatedBy(Side.of("mlp.fc11"), Side.of("mlp.fc12"));

    private NomicBertFamily() {}

    @Override
    public String name() {
        return "nomic_bert";
    }

    /** Most are GPT-2's, whose config this one is made of. */
    @Override
    public Set<String> unread() {
        return Set.of(
                "dense_seq_output",
                "fused_bias_fc",
                "fused_dropout_add_ln",
                "max_position_embeddings",
                "pad_vocab_size_multiple",
                "parallel_block_tied_norm",
                "reorder_and_upcast_attn",
                "scale_attn_by_inverse_layer_idx",
                "scale_attn_weights",
                "summary_activation",
                "summary_first_dropout",
                "summary_proj_to_labels",
                "summary_type",
                "summary_use_proj",
                "use_flash_attn",
                "use_xentropy");
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name());
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        refuseOthers(config);
        if (!config.has("n_embd")) {
            throw new BadFileException(
                    config.file(),
                    "has no n_embd; NomicBERT is read as its makers publish it, not as transformers' own class saves it");
        }
        EncoderConfig sizes = EncoderConfig.read(config, "n_embd", "n_layer", "n_head", "n_inner");
        config.supports("activation_function", "swiglu", "geglu", "gelu");
        String activation = config.root().path("activation_function").asString("swiglu");
        boolean inputBias = config.flag("qkv_proj_bias", true);
        int headSize = sizes.rotaryHeadSize(config);
        double base = config.has("rotary_emb_base") ? config.number("rotary_emb_base", 1, 1e12) : 10_000;
        var plain = AttentionForm.plain(sizes.heads(), headSize);
        var attention = (inputBias ? plain : plain.withoutBiases())
                .with(Positions.Rotary.halves(headSize, base, mostTrained(config)));
        var mlp = new MlpForm(
                sizes.units(),
                activation.equals("swiglu") ? Activation.SILU : Activation.GELU,
                !activation.equals("gelu"),
                config.flag("mlp_fc1_bias", true),
                config.flag("mlp_fc2_bias", true));
        var norm = NormForm.layerNorm(EncoderConfig.epsilon(config, "layer_norm_epsilon", 1e-12));
        int types = config.integer("type_vocab_size", 0, 256, 2);
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.empty(), types, 1, Optional.of(norm)),
                Collections.nCopies(sizes.layers(), LayerForm.of(LayerForm.NormPlace.AFTER, norm, attention, mlp)),
                Optional.empty());
    }

    private static void refuseOthers(JsonFile config) {
        EncoderConfig.areFalse(config, "prenorm", "parallel_block", "use_rms_norm", "causal", "rotary_emb_interleaved");
        if (config.integer("moe_every_n_layers", 0, 1 << 10, 0) > 0) {
            throw config.refuse("moe_every_n_layers", "0: layers without experts");
        }
        if (config.has("rotary_emb_scale_base")) {
            throw config.refuse("rotary_emb_scale_base", "nothing");
        }
        if (config.has("rotary_emb_fraction") && config.number("rotary_emb_fraction", 0, 1) != 1) {
            throw config.refuse("rotary_emb_fraction", "1");
        }
    }

    private static int positions(JsonFile config) {
        return config.integer("n_positions", 3, 1 << 24);
    }

    /** For longer texts than those of training the base grows with a text's length, which is not supported. */
    private static int mostTrained(JsonFile config) {
        int all = positions(config);
        return config.has("rotary_scaling_factor")
                ? Math.min(all, config.integer("max_trained_positions", 3, 1 << 24, 2048))
                : all;
    }

    @Override
    public int mostTokens(JsonFile config, TextArchitecture architecture) {
        return positions(config);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("bert.", "model.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        var form = (EncoderForm) model.architecture();
        boolean gated = form.forms().getFirst().mlp().gated();
        return TextNetwork.of(
                (TextDescription) model, form, TABLES, "encoder.layers.", gated ? GATED : UNGATED, null, parts);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.WITHOUT_QUERIES;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        AttentionForm attention = form.forms().getFirst().attention();
        MlpForm mlp = form.forms().getFirst().mlp();
        String activation = mlp.gated() ? mlp.activation() == Activation.SILU ? "swiglu" : "geglu" : "gelu";
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.putArray("architectures").add("NomicBertModel");
        return config.put("model_type", name())
                .put("n_embd", form.hiddenSize())
                .put("n_layer", form.layers())
                .put("n_head", form.heads())
                .put("n_inner", form.intermediateSize())
                .put("n_positions", form.maxPositions())
                .put("vocab_size", form.vocabularySize())
                .put("type_vocab_size", form.embeddings().types())
                .put("layer_norm_epsilon", form.layerNormEpsilon())
                .put("activation_function", activation)
                .put("qkv_proj_bias", attention.inputBias())
                .put("mlp_fc1_bias", mlp.upBias())
                .put("mlp_fc2_bias", mlp.downBias())
                .put("prenorm", false)
                .put("rotary_emb_fraction", 1.0)
                .put("rotary_emb_interleaved", false)
                .put("rotary_emb_base", ((Positions.Rotary) attention.positions()).base());
    }
}
