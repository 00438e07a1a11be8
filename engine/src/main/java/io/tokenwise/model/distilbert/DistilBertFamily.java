package io.tokenwise.model.distilbert;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
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
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** DistilBERT (Sanh et al. 2019): BERT's layers under other names, and no token types. */
public final class DistilBertFamily implements TextFamily {
    public static final DistilBertFamily DISTILBERT = new DistilBertFamily();

    private static final NormForm NORM = NormForm.layerNorm(1e-12);

    private static final EmbeddingForm.Names TABLES = new EmbeddingForm.Names(
            "embeddings.word_embeddings", "embeddings.position_embeddings", null, "embeddings.LayerNorm");

    private static final LayerNames NAMES = LayerNames.of(
            "attention.q_lin",
            "attention.k_lin",
            "attention.v_lin",
            "attention.out_lin",
            "ffn.lin1",
            "ffn.lin2",
            LayerNames.Norms.of("sa_layer_norm", "output_layer_norm"));

    private DistilBertFamily() {}

    @Override
    public String name() {
        return "distilbert";
    }

    /** Positions that began as sines are in the file like others. */
    @Override
    public Set<String> unread() {
        return Set.of("sinusoidal_pos_embds", "tie_weights_");
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of("distilbert");
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        config.supports("activation", "gelu");
        EncoderConfig sizes = EncoderConfig.read(config, "dim", "n_layers", "n_heads", "hidden_dim");
        var positions = new EmbeddingForm.PositionTable(EncoderConfig.positionRows(config, 0), 0);
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.of(positions), 0, 1, Optional.of(NORM)),
                Collections.nCopies(
                        sizes.layers(),
                        LayerForm.of(
                                LayerForm.NormPlace.AFTER,
                                NORM,
                                AttentionForm.plain(sizes.heads(), sizes.hidden() / sizes.heads()),
                                MlpForm.gelu(sizes.units()))),
                Optional.empty());
    }

    @Override
    public HeadForm head(JsonFile config) {
        return HeadForm.first("pre_classifier", Activation.RELU, "classifier");
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "classifier", labels);
    }

    @Override
    public Optional<WordsForm> words(JsonFile config, TextArchitecture sizes) {
        var layer = new HeadForm.Layer(
                "vocab_transform", true, Activation.GELU, Optional.of(new HeadForm.Normed("vocab_layer_norm", NORM)));
        return Optional.of(new WordsForm(layer, "vocab_projector.bias", "vocab_projector.weight"));
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return BertFamily.names(model, "distilbert.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return TextNetwork.of(
                (TextDescription) model,
                (EncoderForm) model.architecture(),
                TABLES,
                "transformer.layer.",
                NAMES,
                null,
                parts);
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        ClassesConfig.write(((TextDescription) model).output(), "DistilBert", config);
        return config.put("model_type", name())
                .put("dim", form.hiddenSize())
                .put("n_layers", form.layers())
                .put("n_heads", form.heads())
                .put("hidden_dim", form.intermediateSize())
                .put("vocab_size", form.vocabularySize())
                .put("max_position_embeddings", form.maxPositions())
                .put("sinusoidal_pos_embds", false)
                .put("activation", "gelu")
                .put("pad_token_id", 0);
    }
}
