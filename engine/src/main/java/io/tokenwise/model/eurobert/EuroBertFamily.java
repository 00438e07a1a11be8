package io.tokenwise.model.eurobert;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Network;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** EuroBERT (Boizard et al. 2025): Llama's layers whose tokens see all others. */
public final class EuroBertFamily implements TextFamily {
    public static final EuroBertFamily EURO_BERT = new EuroBertFamily();

    private static final LayerNames NAMES =
            LayerNames.llama(LayerNames.Norms.of("input_layernorm", "post_attention_layernorm"));

    private EuroBertFamily() {}

    @Override
    public String name() {
        return "eurobert";
    }

    @Override
    public Set<String> unread() {
        return Set.of(
                "bos_token",
                "classifier_pooling",
                "clf_pooling",
                "eos_token",
                "mask_token",
                "pad_token",
                "pretraining_tp");
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name());
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        EncoderConfig sizes = EncoderConfig.read(config);
        int headSize = config.has("head_dim") ? EncoderConfig.evenHeadSize(config, 64) : sizes.rotaryHeadSize(config);
        var norm = NormForm.rms(EncoderConfig.epsilon(config, "rms_norm_eps", 1e-5));
        AttentionForm plain = AttentionForm.plain(sizes.heads(), headSize)
                .withKeyHeads(sizes.keyHeads(config))
                .with(EncoderConfig.rotary(
                        config, headSize, null, "rope_theta", 10_000, EncoderConfig.rotaryTokens(config)));
        AttentionForm attention = config.flag("attention_bias", false) ? plain : plain.withoutBiases();
        boolean mlpBias = config.flag("mlp_bias", false);
        var mlp = new MlpForm(
                sizes.units(), EncoderConfig.activation(config, "hidden_act", "silu"), true, mlpBias, mlpBias);
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

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("model.");
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
        ObjectNode config = EncoderConfig.writtenLlama(name(), "EuroBert", model);
        EncoderConfig.writeScaling(layer.attention().positions(), config);
        return config.put("rope_theta", ((Positions.Rotary) layer.attention().positions()).base())
                .put("mlp_bias", layer.mlp().upBias())
                .put("hidden_act", EncoderConfig.name(layer.mlp().activation()));
    }
}
