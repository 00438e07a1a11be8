package io.tokenwise.model.qwen3;

import io.tokenwise.io.JsonFile;
import io.tokenwise.io.WeightSource;
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
import io.tokenwise.model.VectorStep;
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

/** Qwen3 (Yang et al. 2025) as an encoder: causal, so that a text's last token has seen its others, or not; heads share keys and values, and norm what they compare. */
public final class Qwen3Family implements TextFamily {
    public static final Qwen3Family QWEN3 = new Qwen3Family();

    private static final LayerNames NAMES = LayerNames.llama(new LayerNames.Norms(
            "input_layernorm", "post_attention_layernorm", null, null, "self_attn.q_norm", "self_attn.k_norm"));

    private static final String TIED = "tie_word_embeddings";

    /** Where all tokens see each other, by the one field in transformers and by the other in text-embeddings-inference. */
    private static final String CAUSAL = "is_causal";

    private static final String BOTH_WAYS = "use_bidirectional_attention";

    /** voyage-4-nano's, and how many values it makes. */
    private static final String PROJECTION = "linear.weight";

    private static final String WIDTH = "num_labels";
    private static final int MOST_WIDTH = 1 << 16;

    private static final String OWN_CODE = "auto_map";
    private static final String CLASSES = "architectures";

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
        boolean both = config.flag(BOTH_WAYS, false);
        boolean causal = config.flag(CAUSAL, true) && !both;
        AttentionForm plain = AttentionForm.plain(sizes.heads(), headSize)
                .withKeyHeads(sizes.keyHeads(config))
                .withHeadNorm(norm)
                .with(positions)
                .within(AttentionForm.ALL, causal ? 0 : AttentionForm.ALL);
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

    /**
     * Without sentence-transformers' files beside it, by which embeddings are told, a causal model is one that compares texts: Qwen3-Reranker. Code of a model's own may do anything, as that of zerank, which
     * asks otherwise, and of jina-reranker-v3, which compares vectors.
     */
    @Override
    public Optional<TextOutput> output(ModelFolder folder, JsonFile config) throws IOException {
        if (config.has(OWN_CODE)) {
            throw config.refuse(OWN_CODE, "nothing, but beside a modules.json that says what becomes of token vectors");
        }
        if (!ClassesConfig.isCausal(config)) {
            return TextFamily.super.output(folder, config);
        }
        List<String> named = config.root()
                .path(CLASSES)
                .valueStream()
                .map(name -> name.asString(""))
                .toList();
        if (!named.equals(List.of("Qwen3ForCausalLM"))) {
            throw config.refuse(
                    CLASSES, "Qwen3ForCausalLM alone, as of Qwen3-Reranker, which other causal models are asked as");
        }
        Optional<String> table = config.flag(TIED, false) ? Optional.empty() : Optional.of("lm_head.weight");
        return Optional.of(new TextOutput.Answer(table, 0, 0));
    }

    /**
     * voyage-4-nano's, of each token behind the last norm (huggingface/text-embeddings-inference backends/candle/src/models/qwen3.rs at 0d124dc9, tests/test_voyage_nano.rs). Having no bias, it gives the
     * same of what is pooled.
     */
    @Override
    public Optional<VectorStep.Dense> projection(ModelFolder folder, JsonFile config) throws IOException {
        boolean written = ModelFolder.WEIGHT_FILES.stream().anyMatch(folder::has);
        if (!config.has(WIDTH) || !written) {
            return Optional.empty();
        }
        try (WeightSource weights = folder.weights()) {
            if (!weights.names().contains(PROJECTION)) {
                return Optional.empty();
            }
        }
        int width = config.integer(WIDTH, 1, MOST_WIDTH);
        return Optional.of(new VectorStep.Dense("", width, false, Optional.empty(), false));
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
        TextOutput output = ((TextDescription) model).output();
        if (output instanceof TextOutput.Answer answer) {
            config.put(TIED, answer.table().isEmpty());
        }
        output.dense().stream()
                .filter(dense -> dense.folder().isEmpty() && !output.perToken())
                .forEach(dense -> config.put(WIDTH, dense.outputs()));
        boolean causal = layer.attention().after() == 0;
        config.put(CAUSAL, causal).put(BOTH_WAYS, !causal);
        HeadForm.writePadding(model, config);
        EncoderConfig.writeScaling(layer.attention().positions(), config);
        return config.put("rope_theta", ((Positions.Rotary) layer.attention().positions()).base())
                .put("hidden_act", EncoderConfig.name(layer.mlp().activation()))
                .put("use_sliding_window", false);
    }
}
