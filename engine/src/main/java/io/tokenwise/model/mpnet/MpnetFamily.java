package io.tokenwise.model.mpnet;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
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
import io.tokenwise.model.Network;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.WordsForm;
import io.tokenwise.model.bert.BertFamily;
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

/** MPNet (Song et al. 2020): BERT's layers, with a bias of scores by distance that all layers share, and no token types. */
public final class MpnetFamily implements TextFamily {
    public static final MpnetFamily MPNET = new MpnetFamily();

    /** Transformers' code has both numbers, and the row of a text's first token, whatever config.json says. */
    private static final int BUCKETS = 32;

    private static final int FARTHEST = 128;

    private static final int FIRST = 2;

    private static final EmbeddingForm.Names TABLES = new EmbeddingForm.Names(
            "embeddings.word_embeddings", "embeddings.position_embeddings", null, "embeddings.LayerNorm");

    private static final LayerNames NAMES = LayerNames.of(
            "attention.attn.q",
            "attention.attn.k",
            "attention.attn.v",
            "attention.attn.o",
            "intermediate.dense",
            "output.dense",
            LayerNames.Norms.of("attention.LayerNorm", "output.LayerNorm"));

    private MpnetFamily() {}

    @Override
    public String name() {
        return "mpnet";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name());
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        config.supports("hidden_act", "gelu");
        config.integer("relative_attention_num_buckets", BUCKETS, BUCKETS, BUCKETS);
        EncoderConfig sizes = EncoderConfig.read(config);
        var norm = NormForm.layerNorm(EncoderConfig.epsilon(config, 1e-12));
        var positions = new EmbeddingForm.PositionTable(EncoderConfig.positionRows(config, FIRST), FIRST);
        var buckets =
                new Positions.Buckets("encoder.relative_attention_bias.weight", BUCKETS, FARTHEST, positions.tokens());
        var layer = LayerForm.of(
                LayerForm.NormPlace.AFTER,
                norm,
                AttentionForm.plain(sizes.heads(), sizes.hidden() / sizes.heads())
                        .with(buckets),
                MlpForm.gelu(sizes.units()));
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.of(positions), 0, 1, Optional.of(norm)),
                Collections.nCopies(sizes.layers(), layer),
                Optional.empty());
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
    public HeadForm head(JsonFile config) {
        return HeadForm.pooled("classifier.dense", "classifier.out_proj");
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return BertFamily.names(model, "mpnet.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return TextNetwork.of(
                (TextDescription) model,
                (EncoderForm) model.architecture(),
                TABLES,
                "encoder.layer.",
                NAMES,
                null,
                parts);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.WITHOUT_QUERIES;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        ClassesConfig.write(((TextDescription) model).output(), "MPNet", config);
        return config.put("model_type", name())
                .put("hidden_size", form.hiddenSize())
                .put("num_hidden_layers", form.layers())
                .put("num_attention_heads", form.heads())
                .put("intermediate_size", form.intermediateSize())
                .put("vocab_size", form.vocabularySize())
                .put("max_position_embeddings", form.maxPositions() + FIRST)
                .put("relative_attention_num_buckets", BUCKETS)
                .put("layer_norm_eps", form.layerNormEpsilon())
                .put("hidden_act", "gelu")
                .put("pad_token_id", 1);
    }
}
