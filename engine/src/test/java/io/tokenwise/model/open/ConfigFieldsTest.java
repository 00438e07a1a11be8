package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@code check} says of config.json: nothing that public models of each family have is unknown. */
class ConfigFieldsTest {
    @TempDir
    private Path folder;

    /** As transformers' configuration classes write them, with the fields and values of a public model. */
    private enum Public {
        BERT("""
            {"architectures": ["BertForMaskedLM"], "model_type": "bert", "attention_probs_dropout_prob": 0.1, "classifier_dropout": null, "directionality": "bidi",
             "gradient_checkpointing": false, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072,
             "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0, "pooler_fc_size": 768,
             "pooler_num_attention_heads": 12, "pooler_num_fc_layers": 3, "pooler_size_per_head": 128, "pooler_type": "first_token_transform",
             "position_embedding_type": "absolute", "transformers_version": "4.40.0", "type_vocab_size": 2, "use_cache": true, "vocab_size": 119547}
            """),
        CROSS_ENCODER("""
            {"_name_or_path": "some", "architectures": ["BertForSequenceClassification"], "model_type": "bert", "attention_probs_dropout_prob": 0.1, "classifier_dropout": null,
             "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 384, "id2label": {"0": "LABEL_0"}, "initializer_range": 0.02, "intermediate_size": 1536,
             "label2id": {"LABEL_0": 0}, "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "num_attention_heads": 12, "num_hidden_layers": 6, "pad_token_id": 0,
             "position_embedding_type": "absolute", "sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity",
             "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}, "torch_dtype": "float32", "type_vocab_size": 2, "use_cache": true, "vocab_size": 30522}
            """),
        XLM_ROBERTA("""
            {"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "attention_probs_dropout_prob": 0.1, "bos_token_id": 0, "classifier_dropout": null, "eos_token_id": 2,
             "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 1024, "initializer_range": 0.02, "intermediate_size": 4096, "layer_norm_eps": 1e-05,
             "max_position_embeddings": 8194, "num_attention_heads": 16, "num_hidden_layers": 24, "output_past": true, "pad_token_id": 1, "position_embedding_type": "absolute",
             "torch_dtype": "float32", "transformers_version": "4.33.0", "type_vocab_size": 1, "use_cache": true, "vocab_size": 250002}
            """),
        DISTILBERT("""
            {"activation": "gelu", "architectures": ["DistilBertForSequenceClassification"], "attention_dropout": 0.1, "dim": 768, "dropout": 0.1, "finetuning_task": "sst-2",
             "hidden_dim": 3072, "id2label": {"0": "NEGATIVE", "1": "POSITIVE"}, "initializer_range": 0.02, "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
             "max_position_embeddings": 512, "model_type": "distilbert", "n_heads": 12, "n_layers": 6, "output_past": true, "pad_token_id": 0, "qa_dropout": 0.1,
             "seq_classif_dropout": 0.2, "sinusoidal_pos_embds": false, "tie_weights_": true, "vocab_size": 30522}
            """),
        ELECTRA("""
            {"architectures": ["ElectraForPreTraining"], "attention_probs_dropout_prob": 0.1, "embedding_size": 768, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
             "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "electra",
             "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0, "position_embedding_type": "absolute", "summary_activation": "gelu",
             "summary_last_dropout": 0.1, "summary_type": "first", "summary_use_proj": true, "type_vocab_size": 2, "use_cache": true, "vocab_size": 30522}
            """),
        DEBERTA("""
            {"architectures": ["DebertaV2ForSequenceClassification"], "attention_probs_dropout_prob": 0.1, "classifiers_size": [3], "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
             "hidden_size": 768, "id2label": {"0": "SAFE", "1": "INJECTION"}, "initializer_range": 0.02, "intermediate_size": 3072, "label2id": {"INJECTION": 1, "SAFE": 0},
             "layer_norm_eps": 1e-07, "legacy": true, "max_position_embeddings": 512, "max_relative_positions": -1, "model_type": "deberta-v2", "norm_rel_ebd": "layer_norm",
             "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0, "pooler_dropout": 0, "pooler_hidden_act": "gelu", "pooler_hidden_size": 768,
             "pos_att_type": ["p2c", "c2p"], "position_biased_input": false, "position_buckets": 256, "relative_attention": true, "share_att_key": true,
             "torch_dtype": "float32", "transformers_version": "4.47.1", "tasks": ["nli"], "type_vocab_size": 0, "vocab_size": 128100}
            """),
        MPNET("""
            {"architectures": ["MPNetForMaskedLM"], "attention_probs_dropout_prob": 0.1, "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
             "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-05, "max_position_embeddings": 514, "model_type": "mpnet",
             "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 1, "relative_attention_num_buckets": 32, "transformers_version": "4.8.2", "vocab_size": 30527}
            """),
        T5("""
            {"architectures": ["T5EncoderModel"], "d_ff": 3072, "d_kv": 64, "d_model": 768, "decoder_start_token_id": 0, "dense_act_fn": "relu", "dropout_rate": 0.1,
             "eos_token_id": 1, "feed_forward_proj": "relu", "initializer_factor": 1.0, "is_encoder_decoder": true, "is_gated_act": false, "layer_norm_epsilon": 1e-06,
             "model_type": "t5", "n_positions": 512, "num_decoder_layers": 12, "num_heads": 12, "num_layers": 12, "output_past": true, "pad_token_id": 0,
             "relative_attention_max_distance": 128, "relative_attention_num_buckets": 32, "task_specific_params": {"summarization": {"prefix": "summarize: "}},
             "torch_dtype": "float32", "transformers_version": "4.20.0.dev0", "use_cache": true, "vocab_size": 32128}
            """),
        JINA_BERT("""
            {"architectures": ["JinaBertForMaskedLM"], "attention_probs_dropout_prob": 0.0, "attn_implementation": null, "auto_map": {"AutoModel": "some"}, "classifier_dropout": null,
             "emb_pooler": "mean", "feed_forward_type": "geglu", "gradient_checkpointing": false, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768,
             "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-12, "max_position_embeddings": 8192, "model_max_length": 8192, "model_type": "bert",
             "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0, "position_embedding_type": "alibi", "torch_dtype": "float32", "type_vocab_size": 2,
             "use_cache": true, "vocab_size": 30528}
            """),
        NOMIC_BERT("""
            {"activation_function": "swiglu", "architectures": ["NomicBertModel"], "attn_pdrop": 0.0, "auto_map": {"AutoModel": "some"}, "bos_token_id": null, "causal": false,
             "dense_seq_output": true, "embd_pdrop": 0.0, "eos_token_id": null, "fused_bias_fc": true, "fused_dropout_add_ln": true, "initializer_range": 0.02,
             "layer_norm_epsilon": 1e-12, "max_trained_positions": 2048, "mlp_fc1_bias": false, "mlp_fc2_bias": false, "model_type": "nomic_bert", "n_embd": 768, "n_head": 12,
             "n_inner": 3072, "n_layer": 12, "n_positions": 8192, "pad_vocab_size_multiple": 64, "parallel_block": false, "parallel_block_tied_norm": false, "prenorm": false,
             "qkv_proj_bias": false, "reorder_and_upcast_attn": false, "resid_pdrop": 0.0, "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": false,
             "rotary_emb_scale_base": null, "rotary_scaling_factor": 2, "scale_attn_by_inverse_layer_idx": false, "scale_attn_weights": true, "summary_activation": null,
             "summary_first_dropout": 0.0, "summary_proj_to_labels": true, "summary_type": "cls_index", "summary_use_proj": true, "torch_dtype": "float32", "type_vocab_size": 2,
             "use_cache": true, "use_flash_attn": true, "use_rms_norm": false, "use_xentropy": true, "vocab_size": 30528}
            """),
        GTE("""
            {"architectures": ["NewModel"], "attention_probs_dropout_prob": 0.0, "auto_map": {"AutoModel": "some"}, "classifier_dropout": 0.0, "hidden_act": "gelu",
             "hidden_dropout_prob": 0.1, "hidden_size": 768, "id2label": {"0": "LABEL_0"}, "initializer_range": 0.02, "intermediate_size": 3072, "label2id": {"LABEL_0": 0},
             "layer_norm_eps": 1e-12, "layer_norm_type": "layer_norm", "logn_attention_clip1": false, "logn_attention_scale": false, "max_position_embeddings": 8192,
             "model_type": "new", "num_attention_heads": 12, "num_hidden_layers": 12, "pack_qkv": true, "pad_token_id": 1, "position_embedding_type": "rope",
             "rope_scaling": {"factor": 8.0, "type": "ntk"}, "rope_theta": 20000, "torch_dtype": "float16", "type_vocab_size": 1, "unpad_inputs": false,
             "use_memory_efficient_attention": false, "vocab_size": 250048}
            """),
        MODERNBERT("""
            {"architectures": ["ModernBertForMaskedLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 50281, "classifier_activation": "gelu",
             "classifier_bias": false, "classifier_dropout": 0.0, "classifier_pooling": "mean", "cls_token_id": 50281, "decoder_bias": true, "deterministic_flash_attn": false,
             "embedding_dropout": 0.0, "eos_token_id": 50282, "global_attn_every_n_layers": 3, "global_rope_theta": 160000.0, "gradient_checkpointing": false,
             "hidden_activation": "gelu", "hidden_size": 768, "initializer_cutoff_factor": 2.0, "initializer_range": 0.02, "intermediate_size": 1152, "layer_norm_eps": 1e-05,
             "local_attention": 128, "local_rope_theta": 10000.0, "max_position_embeddings": 8192, "mlp_bias": false, "mlp_dropout": 0.0, "model_type": "modernbert",
             "norm_bias": false, "norm_eps": 1e-05, "num_attention_heads": 12, "num_hidden_layers": 22, "pad_token_id": 50283, "position_embedding_type": "absolute",
             "reference_compile": null, "sep_token_id": 50282, "sparse_pred_ignore_index": -100, "sparse_prediction": false, "tie_word_embeddings": true,
             "torch_dtype": "float32", "transformers_version": "4.47.0.dev0", "vocab_size": 50368}
            """),
        /** As version 5 of transformers writes it. */
        NEWER_MODERNBERT("""
            {"architectures": ["ModernBertModel"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 0, "classifier_activation": "gelu", "classifier_bias": false,
             "classifier_dropout": 0.0, "classifier_pooling": "mean", "decoder_bias": true, "deterministic_flash_attn": false, "dtype": "float32", "embedding_dropout": 0.0,
             "global_attn_every_n_layers": 3, "hidden_activation": "gelu", "hidden_size": 32, "initializer_cutoff_factor": 2.0, "initializer_range": 0.02,
             "intermediate_size": 64, "layer_types": ["full_attention", "sliding_attention"], "local_attention": 128, "max_position_embeddings": 8192, "mlp_bias": false,
             "mlp_dropout": 0.0, "model_type": "modernbert", "norm_bias": false, "norm_eps": 1e-05, "num_attention_heads": 2, "num_hidden_layers": 2, "pad_token_id": 0,
             "repad_logits_with_grad": false, "rope_parameters": {"full_attention": {"rope_theta": 160000.0, "rope_type": "default"},
             "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"}}, "sparse_pred_ignore_index": -100, "sparse_prediction": false, "tie_word_embeddings": true,
             "transformers_version": "5.0.0", "vocab_size": 128}
            """),
        EUROBERT("""
            {"architectures": ["EuroBertForMaskedLM"], "attention_bias": false, "attention_dropout": 0.0, "auto_map": {"AutoModel": "some"}, "bos_token": "<|begin_of_text|>",
             "bos_token_id": 128000, "clf_pooling": "late", "eos_token": "<|end_of_text|>", "eos_token_id": 128001, "head_dim": 64, "hidden_act": "silu", "hidden_dropout": 0.0,
             "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072, "is_decoder": false, "mask_token": "<|mask|>", "mask_token_id": 128002,
             "max_position_embeddings": 8192, "mlp_bias": false, "model_type": "eurobert", "num_attention_heads": 12, "num_hidden_layers": 12, "num_key_value_heads": 12,
             "pad_token": "<|end_of_text|>", "pad_token_id": 128001, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 250000,
             "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_cache": false, "vocab_size": 128256}
            """),
        /** mxbai-rerank-base-v2 rewritten as a classifier. */
        QWEN2("""
            {"_name_or_path": "mixedbread-ai/mxbai-rerank-base-v2", "architectures": ["Qwen2ForSequenceClassification"], "attention_dropout": 0.0, "bos_token_id": 151643,
             "eos_token_id": 151645, "hidden_act": "silu", "hidden_size": 896, "id2label": {"0": "0", "1": "1"}, "initializer_range": 0.02, "intermediate_size": 4864,
             "label2id": {"0": 0, "1": 1}, "max_position_embeddings": 32768, "max_window_layers": 21, "model_type": "qwen2", "num_attention_heads": 14,
             "num_hidden_layers": 24, "num_key_value_heads": 2, "pad_token_id": 151643, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000.0,
             "sliding_window": null, "tie_word_embeddings": true, "torch_dtype": "float16", "transformers_version": "4.47.1", "use_cache": true,
             "use_sliding_window": false, "vocab_size": 151936}
            """),
        QWEN3("""
            {"architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151643, "head_dim": 128,
             "hidden_act": "silu", "hidden_size": 1024, "initializer_range": 0.02, "intermediate_size": 3072, "max_position_embeddings": 32768, "max_window_layers": 28,
             "model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null,
             "rope_theta": 1000000, "sliding_window": null, "tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers_version": "4.51.2", "use_cache": true,
             "use_sliding_window": false, "vocab_size": 151669}
            """),
        GEMMA3("""
            {"_sliding_window_pattern": 6, "architectures": ["Gemma3TextModel"], "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": null, "bos_token_id": 2,
             "dtype": "float32", "eos_token_id": 1, "final_logit_softcapping": null, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 768,
             "initializer_range": 0.02, "intermediate_size": 1152, "layer_types": [LAYERS], "max_position_embeddings": 2048, "model_type": "gemma3_text",
             "num_attention_heads": 3, "num_hidden_layers": 24, "num_key_value_heads": 1, "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06,
             "rope_local_base_freq": 10000.0, "rope_scaling": null, "rope_theta": 1000000.0, "sliding_window": 512, "transformers_version": "4.57.0",
             "use_bidirectional_attention": true, "use_cache": true, "vocab_size": 262144}
            """.replace("LAYERS", layers(24)));

        private final String config;

        Public(String config) {
            this.config = config;
        }
    }

    private static String layers(int count) {
        return Stream.iterate(1, i -> i + 1)
                .limit(count)
                .map(i -> i % 6 == 0 ? "\"full_attention\"" : "\"sliding_attention\"")
                .collect(Collectors.joining(", "));
    }

    private ConfigFields of(String config) throws IOException {
        Files.writeString(folder.resolve("config.json"), config);
        return ConfigFields.of(folder).orElseThrow();
    }

    @ParameterizedTest
    @EnumSource
    void everyFieldOfAPublicModelIsKnown(Public model) throws IOException {
        ConfigFields fields = of(model.config);
        assertThat(fields.unknown()).isEmpty();
        assertThat(fields.used()).contains("vocab_size").doesNotContainAnyElementsOf(fields.harmless());
        assertThat(of(model.config.replaceFirst("\\{", "{\"attention_temperature\": 2,"))
                        .unknown())
                .containsExactly("attention_temperature");
    }

    /** The same field is one that matters where its head is read. */
    @Test
    void whatAHeadReadsIsUsed() throws IOException {
        assertThat(of(Public.MODERNBERT.config).harmless()).contains("classifier_pooling", "classifier_bias");
        ConfigFields classifier = of(Public.MODERNBERT.config.replace("ForMaskedLM", "ForSequenceClassification"));
        assertThat(classifier.used()).contains("classifier_pooling", "classifier_bias", "classifier_activation");
        assertThat(classifier.unknown()).isEmpty();
    }

    /** As transformers 2 and 3 wrote it into the files of encoders too; what says no asks for nothing. */
    @Test
    void howTextsWouldGoOnIsNoMatterOfEncoders() throws IOException {
        String written =
                "{\"do_sample\": false, \"max_length\": 20, \"num_beams\": 1, \"top_k\": 50, \"repetition_penalty\": 1.0,"
                        + " \"bad_words_ids\": null, \"is_encoder_decoder\": false, \"pruned_heads\": {},";
        assertThat(of(Public.BERT.config.replaceFirst("\\{", written)).unknown())
                .isEmpty();
        assertThat(of(Public.BERT.config.replaceFirst(
                                "\\{", "{\"pruned_heads\": {\"0\": [1]}, \"is_encoder_decoder\": 1,"))
                        .unknown())
                .containsExactly("is_encoder_decoder", "pruned_heads");
    }

    /** As fine-tunes of google/vit-base-patch16-224-in21k have them since transformers 4.48, and that model itself, which has no classes. */
    @Test
    void aVisionTransformersFieldsAreKnown() throws IOException {
        String classifier = """
            {"architectures": ["ViTForImageClassification"], "attention_probs_dropout_prob": 0.0, "encoder_stride": 16, "hidden_act": "gelu", "hidden_dropout_prob": 0.0,
             "hidden_size": 768, "id2label": {"0": "cat", "1": "dog"}, "image_size": 224, "initializer_range": 0.02, "intermediate_size": 3072,
             "label2id": {"cat": "0", "dog": "1"}, "layer_norm_eps": 1e-12, "model_type": "vit", "num_attention_heads": 12, "num_channels": 3, "num_hidden_layers": 12,
             "patch_size": 16, "pooler_act": "tanh", "pooler_output_size": 768, "problem_type": "single_label_classification", "qkv_bias": true,
             "torch_dtype": "float32", "transformers_version": "4.48.0"}
            """;
        assertThat(of(classifier).unknown()).isEmpty();
        assertThatThrownBy(() -> of(classifier.replace("ViTForImageClassification", "ViTModel")))
                .hasMessageEndingWith("config.json: architectures is [\"ViTModel\"]; supported:"
                        + " ViTForImageClassification, since vectors of images are not given");
    }

    /** voyage-4-nano's; its layer beside the model is seen by the weights. */
    @Test
    void whetherTokensSeeEachOtherIsUsed() throws IOException {
        String both = "{\"is_causal\": false, \"use_bidirectional_attention\": true,";
        ConfigFields fields = of(Public.QWEN3.config.replaceFirst("\\{", both));
        assertThat(fields.used()).contains("is_causal", "use_bidirectional_attention");
        assertThat(fields.unknown()).isEmpty();
    }

    /** gte-Qwen2-1.5B-instruct's, whose code is known by one of them. */
    @Test
    void whatCodeOfAModelsOwnDoesIsUsed() throws IOException {
        write("modules.json", """
            [{"path": "", "type": "sentence_transformers.models.Transformer"}, {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
            """);
        write("1_Pooling/config.json", "{\"pooling_mode_lasttoken\": true}");
        ConfigFields fields = of("""
            {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "auto_map": {"AutoModel": "modeling_qwen.Qwen2Model",
             "AutoModelForCausalLM": "modeling_qwen.Qwen2ForCausalLM", "AutoModelForSequenceClassification": "modeling_qwen.Qwen2ForSequenceClassification"},
             "bos_token_id": 151643, "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 1536, "initializer_range": 0.02, "intermediate_size": 8960,
             "is_causal": false, "max_position_embeddings": 131072, "max_window_layers": 21, "model_type": "qwen2", "num_attention_heads": 12, "num_hidden_layers": 28,
             "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 131072, "tie_word_embeddings": false,
             "torch_dtype": "float32", "transformers_version": "4.41.2", "use_cache": true, "use_sliding_window": false, "vocab_size": 151646}
            """);
        assertThat(fields.used()).contains("auto_map", "is_causal", "use_sliding_window");
        assertThat(fields.unknown()).isEmpty();
        assertThat(fields.longest()).isEqualTo(131_072);
    }

    /** What is harmless at the value that all have is refused at another. */
    @Test
    void whatWouldChangeNumbersIsRefused() {
        assertThatThrownBy(() -> of(Public.NOMIC_BERT.config.replace("scale_base\": null", "scale_base\": 512")))
                .hasMessageEndingWith("rotary_emb_scale_base is 512; supported: nothing");
        assertThatThrownBy(() -> of(Public.QWEN3
                        .config
                        .replace("28, \"num_key", "1, \"num_key")
                        .replace("\"use_cache\"", "\"layer_types\": [\"sliding_attention\"], \"use_cache\"")))
                .hasMessageEndingWith(
                        "layer_types is [\"sliding_attention\"]; supported: full_attention for each layer");
    }

    /** What is beside config.json says how a ColBERT reads, as sentence-transformers 6 saves it, and takes no field away. */
    @Test
    void aMultiVectorEncodersFieldsAreKnown() throws IOException {
        String names = "{\"module_input_name\": \"token_embeddings\", \"module_output_name\": \"token_embeddings\"";
        write("modules.json", """
            [{"path": "", "type": "sentence_transformers.Transformer"}, {"path": "1_Dense", "type": "sentence_transformers.Dense"}, {"path": "2_MultiVectorMask", "type": "sentence_transformers.MultiVectorMask"},
             {"path": "3_Normalize", "type": "sentence_transformers.Normalize"}]
            """);
        write("1_Dense/config.json", names + ", \"in_features\": 32, \"out_features\": 8, \"bias\": false}");
        write("2_MultiVectorMask/config.json", "{\"skiplist_words\": []}");
        write("3_Normalize/config.json", names + "}");
        write(
                "config_sentence_transformers.json",
                "{\"model_type\": \"MultiVectorEncoder\", \"prompts\": {\"query\": \"[Q] \", \"document\": \"[D] \"}}");
        write(
                "sentence_bert_config.json",
                "{\"document_length\": 300, \"query_expansion\": {\"strategy\": \"min\", \"length\": 32}}");
        ConfigFields fields = of(Public.NEWER_MODERNBERT.config);
        assertThat(fields.unknown()).isEmpty();
        assertThat(fields.used()).contains("hidden_size");
        write("sentence_bert_config.json", "{\"query_expansion\": {\"strategy\": \"most\", \"length\": 32}}");
        assertThatThrownBy(() -> of(Public.NEWER_MODERNBERT.config))
                .hasMessageEndingWith("strategy is \"most\"; supported: fixed or min");
    }

    private void write(String file, String json) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, json);
    }

    /** It decides in which form sentence-transformers gives a score; classes are named without it. */
    @Test
    void whatIsMadeOfAScoreIsOneOfTwo() throws IOException {
        String identity = "torch.nn.modules.linear.Identity";
        String scores = Public.CROSS_ENCODER.config;
        assertThat(of(scores.replace(identity, "torch.nn.modules.activation.Sigmoid"))
                        .used())
                .contains("sbert_ce_default_activation_function", "sentence_transformers");
        assertThatThrownBy(() -> of(scores.replaceFirst(identity, "torch.nn.modules.activation.Tanh")))
                .hasMessageEndingWith("sbert_ce_default_activation_function is \"torch.nn.modules.activation.Tanh\";"
                        + " supported: torch.nn.modules.linear.Identity or torch.nn.modules.activation.Sigmoid");
        assertThatThrownBy(() -> of(scores.replace("{\"activation_fn\": \"" + identity, "{\"activation_fn\": \"Tanh")))
                .hasMessageContaining(
                        "sentence_transformers is {\"activation_fn\":\"Tanh\"}; supported: activation_fn of ");
        String classes = scores.replace("{\"0\": \"LABEL_0\"}", "{\"0\": \"no\", \"1\": \"yes\"}");
        assertThat(of(classes.replace(identity, "Tanh")).harmless()).contains("sbert_ce_default_activation_function");
    }
}
