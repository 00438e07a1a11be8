package io.tokenwise.model.jinabert;

import io.tokenwise.io.JsonFile;
import io.tokenwise.io.WeightSource;
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
import io.tokenwise.model.ModelFolder;
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
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** JinaBERT v2 (Günther et al. 2023): BERT without positions, whose scores fall with distance (ALiBi), and with gated MLPs. */
public final class JinaBertFamily implements TextFamily {
    public static final JinaBertFamily JINA_BERT = new JinaBertFamily();

    private static final String POSITIONS = "position_embedding_type";
    private static final String SLOPES = "alibi";
    private static final String POOLER = "emb_pooler";
    private static final String CLASSIFIER = "classifier.weight";

    private static final EmbeddingForm.Names TABLES = new EmbeddingForm.Names(
            "embeddings.word_embeddings", null, "embeddings.token_type_embeddings", "embeddings.LayerNorm");

    /** The gates come first. */
    private static final LayerNames NAMES = LayerNames.of(
                    "attention.self.query",
                    "attention.self.key",
                    "attention.self.value",
                    "attention.output.dense",
                    "mlp.gated_layers",
                    "mlp.wo",
                    LayerNames.Norms.of("attention.output.LayerNorm", "mlp.layernorm"))
            .gatedBy(new LayerNames.Side("mlp.gated_layers", 1, 2), new LayerNames.Side("mlp.gated_layers", 0, 2));

    private JinaBertFamily() {}

    @Override
    public String name() {
        return "jina_bert";
    }

    /** sentence-transformers' files say what is pooled; gates have GELU whatever is said. */
    @Override
    public Set<String> unread() {
        return Set.of("attn_implementation", "hidden_act", POOLER);
    }

    /** Where sentence-transformers' files do not say what is pooled, its own code goes by config.json. */
    @Override
    public TextDescription describe(ModelFolder folder, JsonFile config) throws IOException {
        TextDescription description = TextFamily.super.describe(folder, config);
        if (description.output() instanceof TextOutput.Vectors && !folder.has("modules.json")) {
            config.supports(POOLER, "mean");
        }
        return description;
    }

    /** jina-reranker-v1's config.json names the encoder alone; transformers is asked for {@code JinaBertForSequenceClassification} with one class, whose forward is BERT's. */
    @Override
    public Optional<TextOutput> output(ModelFolder folder, JsonFile config) throws IOException {
        Optional<TextOutput> named = TextFamily.super.output(folder, config);
        return named.isEmpty() && scores(folder) ? Optional.of(ClassesConfig.score(config, head(config))) : named;
    }

    private static boolean scores(ModelFolder folder) throws IOException {
        if (!folder.hasWeights()) {
            return false;
        }
        try (WeightSource weights = folder.weights()) {
            long[] shape = weights.names().contains(CLASSIFIER) ? weights.shape(CLASSIFIER) : new long[0];
            return shape.length == 2 && shape[0] == 1;
        }
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name());
    }

    /** Its files say that they are BERT's. */
    @Override
    public boolean isOf(String modelType, JsonFile config) {
        return (modelType.equals("bert") || modelType.equals(name()))
                && config.root().path(POSITIONS).asString("").equals(SLOPES);
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        // jina-embeddings-v2-base-code: norms of queries and keys, and other tensors, under the same type.
        if (config.root().path("auto_map").path("AutoModel").asString("").contains("qk-post-norm")) {
            throw config.refuse(
                    "auto_map", "JinaBERT v2 without norms of queries and keys, as its models of texts are");
        }
        config.supports(POSITIONS, SLOPES);
        config.supports("feed_forward_type", "geglu");
        EncoderConfig sizes = EncoderConfig.read(config);
        var norm = NormForm.layerNorm(EncoderConfig.epsilon(config, 1e-12));
        int types = config.integer("type_vocab_size", 1, 256, 2);
        var layer = LayerForm.of(
                LayerForm.NormPlace.AFTER,
                norm,
                AttentionForm.plain(sizes.heads(), sizes.hidden() / sizes.heads())
                        .with(new Positions.Slopes(EncoderConfig.positionRows(config, 0))),
                new MlpForm(sizes.units(), Activation.GELU, true, false, true));
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.empty(), types, 1, Optional.of(norm)),
                Collections.nCopies(sizes.layers(), layer),
                Optional.empty());
    }

    @Override
    public HeadForm head(JsonFile config) {
        return BertFamily.BERT.head(config);
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "classifier", labels);
    }

    @Override
    public Optional<WordsForm> words(JsonFile config, TextArchitecture sizes) {
        config.supports("hidden_act", "gelu");
        return BertFamily.BERT.words(config, sizes);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return BertFamily.BERT.names(model);
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
        return EncoderConfig.written("bert", "JinaBert", model)
                .put("type_vocab_size", form.embeddings().types())
                .put("layer_norm_eps", form.layerNormEpsilon())
                .put("hidden_act", "gelu")
                .put("feed_forward_type", "geglu")
                .put(POSITIONS, SLOPES)
                .put("pad_token_id", 0);
    }
}
