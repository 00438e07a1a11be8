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
import io.tokenwise.model.Question;
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

    /** Where all tokens see each other, by text-embeddings-inference; by transformers where it is not causal. */
    private static final String BOTH_WAYS = "use_bidirectional_attention";

    /** voyage-4-nano's, and how many values it makes. */
    private static final String PROJECTION = "linear.weight";

    private static final String WIDTH = "num_labels";
    private static final int MOST_WIDTH = 1 << 16;

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
        EncoderConfig sizes = EncoderConfig.read(config);
        sizes.areGlobal(config);
        int headSize = EncoderConfig.evenHeadSize(config, 128);
        var norm = NormForm.rms(EncoderConfig.epsilon(config, "rms_norm_eps", 1e-6));
        Positions positions =
                EncoderConfig.rotary(config, headSize, null, "rope_theta", 10_000, EncoderConfig.rotaryTokens(config));
        boolean both = config.flag(BOTH_WAYS, false);
        boolean causal = config.flag(EncoderConfig.CAUSAL, true) && !both;
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
        ClassesConfig.requireNoCode(config);
        if (!ClassesConfig.isCausal(config)) {
            return TextFamily.super.output(folder, config);
        }
        if (!ClassesConfig.isClass(config, "Qwen3ForCausalLM")) {
            throw config.refuse(
                    ClassesConfig.CLASSES,
                    "Qwen3ForCausalLM alone, as of Qwen3-Reranker, which other causal models are asked as");
        }
        return Optional.of(ClassesConfig.answer(config, Question.QWEN3_RERANKER, "", "lm_head.weight"));
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
        boolean causal = form.forms().getFirst().attention().after() == 0;
        ObjectNode config = EncoderConfig.writtenQwen(name(), "Qwen3", model);
        TextOutput output = ((TextDescription) model).output();
        output.dense().stream()
                .filter(dense -> dense.folder().isEmpty() && !output.perToken())
                .forEach(dense -> config.put(WIDTH, dense.outputs()));
        return config.put(BOTH_WAYS, !causal);
    }
}
