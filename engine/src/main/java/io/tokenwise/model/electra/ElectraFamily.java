package io.tokenwise.model.electra;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Network;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.bert.Bert;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/**
 * ELECTRA (Clark et al. 2020), such as KoELECTRA and ms-marco-electra-base: BERT's layers without its pooler. Small ones, whose embeddings are narrower than their layers, are refused.
 */
public final class ElectraFamily implements TextFamily {
    public static final ElectraFamily ELECTRA = new ElectraFamily();

    private static final String NARROW = "embedding_size";

    /** Of a head that no class of transformers but the one for multiple choice has. */
    private static final Set<String> UNREAD = Set.of("summary_activation", "summary_type", "summary_use_proj");

    private ElectraFamily() {}

    @Override
    public String name() {
        return "electra";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name());
    }

    @Override
    public Set<String> unread() {
        return UNREAD;
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        config.supports("hidden_act", "gelu");
        config.supports("position_embedding_type", "absolute");
        EncoderConfig sizes = EncoderConfig.read(config);
        // transformers takes 128 where nothing is said.
        config.integer(NARROW, sizes.hidden(), sizes.hidden());
        var norm = NormForm.layerNorm(EncoderConfig.epsilon(config, 1e-12));
        var positions = new EmbeddingForm.PositionTable(EncoderConfig.positionRows(config, 0), 0);
        int types = config.integer("type_vocab_size", 1, 256, 2);
        var layer = LayerForm.of(
                LayerForm.NormPlace.AFTER,
                norm,
                AttentionForm.plain(sizes.heads(), sizes.hidden() / sizes.heads()),
                MlpForm.gelu(sizes.units()));
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.of(positions), types, 1, Optional.of(norm)),
                Collections.nCopies(sizes.layers(), layer),
                Optional.empty());
    }

    /** As BERT's, but for GELU in the place of tanh. */
    @Override
    public HeadForm head(JsonFile config) {
        return HeadForm.first("classifier.dense", Activation.GELU, "classifier.out_proj");
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "classifier", labels);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return BertFamily.names(model, "electra.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return Bert.of((TextDescription) model, (EncoderForm) model.architecture(), parts);
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        return EncoderConfig.written(name(), "Electra", model)
                .put(NARROW, form.hiddenSize())
                .put("type_vocab_size", form.embeddings().types())
                .put("layer_norm_eps", form.layerNormEpsilon())
                .put("hidden_act", "gelu");
    }
}
