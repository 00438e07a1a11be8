package io.tokenwise.model.roberta;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.ClassesConfig;
import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Network;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.WordsForm;
import io.tokenwise.model.bert.Bert;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** RoBERTa (Liu et al. 2019), XLM-R and CamemBERT: BERT's layers; a text's first token has the position behind that of padding. XLM-R's files may be those of jinaai/xlm-roberta-flash-implementation too. */
public final class RobertaFamily implements TextFamily {
    public static final RobertaFamily ROBERTA = new RobertaFamily("roberta", "Roberta");
    public static final RobertaFamily XLM_R = new RobertaFamily("xlm-roberta", "XLMRoberta");
    public static final RobertaFamily CAMEMBERT = new RobertaFamily("camembert", "Camembert");

    /** Of jinaai/xlm-roberta-flash-implementation: how it computes, what its own encode() does, and how it is trained. */
    private static final Set<String> UNREAD = Set.of(
            "use_flash_attn",
            "fused_bias_fc",
            "fused_dropout_add_ln",
            "fused_mlp",
            "emb_pooler",
            "truncate_dim",
            "load_trained_adapters",
            "matryoshka_dimensions",
            "lora_alpha",
            "lora_dropout_p",
            "lora_main_params_trainable",
            "lora_rank");

    private static final String ADAPTERS = "lora_adaptations";

    private final String name;
    private final String transformers;

    private RobertaFamily(String name, String transformers) {
        this.name = name;
        this.transformers = transformers;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name);
    }

    /** Configs of jinaai/xlm-roberta-flash-implementation may say no type. */
    @Override
    public boolean isOf(String modelType, JsonFile config) {
        String own = config.root().path("auto_map").path("AutoConfig").asString("");
        return modelType.equals(name) || own.endsWith("." + transformers + "FlashConfig");
    }

    @Override
    public Set<String> unread() {
        return UNREAD;
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        config.supports("hidden_act", "gelu");
        if (!config.root().path(ADAPTERS).isEmpty()) {
            throw config.refuse(ADAPTERS, "null: adapters (LoRA) in a model's weights are not read");
        }
        config.supports("position_embedding_type", "absolute");
        EncoderConfig sizes = EncoderConfig.read(config);
        var norm = NormForm.layerNorm(EncoderConfig.epsilon(config, 1e-12));
        int first = 1 + config.integer("pad_token_id", 0, sizes.vocabulary() - 1, 1);
        var positions = new EmbeddingForm.PositionTable(EncoderConfig.positionRows(config, first), first);
        int types = config.integer("type_vocab_size", 1, 256, 2);
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.of(positions), types, 1, Optional.of(norm)),
                Collections.nCopies(
                        sizes.layers(),
                        LayerForm.of(
                                LayerForm.NormPlace.AFTER,
                                norm,
                                AttentionForm.plain(sizes.heads(), sizes.hidden() / sizes.heads()),
                                MlpForm.gelu(sizes.units()))),
                Optional.empty());
    }

    @Override
    public HeadForm head(JsonFile config) {
        return HeadForm.pooled("classifier.dense", "classifier.out_proj");
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "classifier", labels);
    }

    @Override
    public Optional<WordsForm> words(JsonFile config, TextArchitecture sizes) {
        var layer = new HeadForm.Layer(
                "lm_head.dense",
                true,
                Activation.GELU,
                Optional.of(new HeadForm.Normed("lm_head.layer_norm", NormForm.layerNorm(sizes.layerNormEpsilon()))));
        return Optional.of(new WordsForm(layer, "lm_head.bias", "lm_head.decoder.weight"));
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return new FlashNames(BertFamily.names(model, "roberta."));
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return Bert.of((TextDescription) model, (EncoderForm) model.architecture(), parts);
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        EmbeddingForm.PositionTable positions = form.embeddings().positions().orElseThrow();
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        ClassesConfig.write(((TextDescription) model).output(), transformers, config);
        return config.put("model_type", name)
                .put("hidden_size", form.hiddenSize())
                .put("num_hidden_layers", form.layers())
                .put("num_attention_heads", form.heads())
                .put("intermediate_size", form.intermediateSize())
                .put("vocab_size", form.vocabularySize())
                .put("max_position_embeddings", positions.rows())
                .put("type_vocab_size", form.embeddings().types())
                .put("layer_norm_eps", form.layerNormEpsilon())
                .put("hidden_act", "gelu")
                .put("position_embedding_type", "absolute")
                .put("pad_token_id", positions.first() - 1);
    }
}
