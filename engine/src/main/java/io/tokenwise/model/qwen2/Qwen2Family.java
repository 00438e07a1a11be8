package io.tokenwise.model.qwen2;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.ChatTemplate;
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
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.model.TextOutput;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** Qwen2 and Qwen2.5 (Yang et al. 2024) as encoders: Llama's layers whose queries, keys and values have biases, causal or not. */
public final class Qwen2Family implements TextFamily {
    public static final Qwen2Family QWEN2 = new Qwen2Family();

    private static final LayerNames NAMES =
            LayerNames.llama(LayerNames.Norms.of("input_layernorm", "post_attention_layernorm"));

    /** gte-Qwen2's; its repository may stand before it. */
    private static final String KNOWN_CODE = "modeling_qwen.Qwen2Model";

    private Qwen2Family() {}

    @Override
    public String name() {
        return "qwen2";
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
        // Of Qwen3, of which nobody says that it means anything here.
        EncoderConfig.areFalse(config, "use_bidirectional_attention");
        EncoderConfig sizes = EncoderConfig.read(config);
        sizes.areGlobal(config);
        int headSize = config.has("head_dim") ? EncoderConfig.evenHeadSize(config, 64) : sizes.rotaryHeadSize(config);
        var norm = NormForm.rms(EncoderConfig.epsilon(config, "rms_norm_eps", 1e-6));
        AttentionForm attention = AttentionForm.plain(sizes.heads(), headSize)
                .withoutOutputBias()
                .withKeyHeads(sizes.keyHeads(config))
                .with(EncoderConfig.rotary(
                        config, headSize, null, "rope_theta", 10_000, EncoderConfig.rotaryTokens(config)))
                .within(AttentionForm.ALL, isCausal(config) ? 0 : AttentionForm.ALL);
        var mlp =
                new MlpForm(sizes.units(), EncoderConfig.activation(config, "hidden_act", "silu"), true, false, false);
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), Optional.empty(), 0, 1, Optional.empty()),
                Collections.nCopies(sizes.layers(), LayerForm.of(LayerForm.NormPlace.BEFORE, norm, attention, mlp)),
                Optional.of(norm));
    }

    /**
     * As transformers reads it. Of a model's own code only gte-Qwen2's is known, whose tokens see each other where the field says so: the 7B's, and that of the 1.5B since its commit 42e43ef3, before which
     * it was causal (vllm-project/vllm #10184, #14609, #18683, which compare both with vLLM; huggingface/text-embeddings-inference backends/candle/src/models/qwen2.rs at 0d124dc9).
     */
    private static boolean isCausal(JsonFile config) {
        boolean causal = config.flag(EncoderConfig.CAUSAL, true);
        boolean known = config.root()
                .path(ClassesConfig.OWN_CODE)
                .path("AutoModel")
                .asString("")
                .endsWith(KNOWN_CODE);
        if (config.has(ClassesConfig.OWN_CODE) && (causal || !known)) {
            throw config.refuse(
                    ClassesConfig.OWN_CODE,
                    "nothing, or an AutoModel " + KNOWN_CODE + " beside " + EncoderConfig.CAUSAL
                            + " false, which says what gte-Qwen2's code does");
        }
        return causal;
    }

    @Override
    public int mostTokens(JsonFile config, TextArchitecture architecture) {
        return EncoderConfig.positionRows(config, 0);
    }

    /** A causal model compares texts if its chat template asks what mxbai-rerank-v2 is asked; others write texts. */
    @Override
    public Optional<TextOutput> output(ModelFolder folder, JsonFile config) throws IOException {
        ClassesConfig.requireNoCode(config);
        if (!ClassesConfig.isCausal(config)) {
            return TextFamily.super.output(folder, config);
        }
        String template = ChatTemplate.of(folder);
        if (!ClassesConfig.isClass(config, "Qwen2ForCausalLM") || !Question.MXBAI_RERANK.isIn(template)) {
            throw config.refuse(
                    ClassesConfig.CLASSES,
                    "Qwen2ForCausalLM beside the chat_template.jinja of mxbai-rerank-v2, or beside a modules.json that"
                            + " says what becomes of token vectors");
        }
        return Optional.of(ClassesConfig.answer(config, Question.MXBAI_RERANK, template, "lm_head.weight"));
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
        return EncoderConfig.writtenQwen(name(), "Qwen2", model).without("attention_bias");
    }
}
