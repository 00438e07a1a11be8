package io.tokenwise.model.open;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFamily;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TransformerFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What became of the fields of a model's config.json when it was read: whoever describes the model is given an object that notes what it is
 * asked for.
 *
 * @param nameOrPath what it says that the model is called, possibly empty
 * @param used fields that were asked for
 * @param harmless others, known to change no number of a model that computes: notes, dropout, ids of tokens, how weights began
 * @param unknown all others
 * @param longest tokens of the longest text that it speaks of, if that is cut to what is supported; else 0
 */
public record ConfigFields(
        String nameOrPath, List<String> used, List<String> harmless, List<String> unknown, int longest) {
    private static final String NAME = "_name_or_path";

    private static final Set<String> HARMLESS = Set.of(
            NAME,
            "_attn_implementation",
            "_attn_implementation_autoset",
            "_commit_hash",
            "_num_labels",
            "architectures",
            "auto_map",
            "chunk_size_feed_forward",
            "directionality",
            "dtype",
            "eos_token_ids",
            "finetuning_task",
            "gradient_checkpointing",
            "id2label",
            "initializer_factor",
            "initializer_range",
            "initializer_cutoff_factor",
            "label2id",
            "model_max_length",
            "num_labels",
            "output_attentions",
            "output_hidden_states",
            "output_past",
            "problem_type",
            "return_dict",
            "sbert_ce_default_activation_function",
            "sentence_transformers",
            "task_specific_params",
            "tie_word_embeddings",
            "tokenizer_class",
            "torch_dtype",
            "torchscript",
            "transformers_version",
            "use_bfloat16",
            "use_cache");

    /** What is left out at random in training, numbers of tokens, which the tokenizer's own files say, and a pooler that the first BERTs' files speak of and that none has. */
    private static final Pattern HARMLESS_NAMES =
            Pattern.compile(".*(dropout|dropout_prob|_p?drop)|(pad|bos|eos|cls|sep|mask|unk|decoder_start)_token_id"
                    + "|pooler_(fc_size|num_attention_heads|num_fc_layers|size_per_head|type)");

    /** How models that write texts go on, which transformers 2 and 3 wrote into the files of all models. */
    private static final Pattern HARMLESS_WRITING =
            Pattern.compile("do_sample|(min|max)_length|num_beams|num_beam_groups"
                    + "|diversity_penalty|early_stopping|temperature|top_[kp]|typical_p|(repetition|length)_penalty"
                    + "|exponential_decay_length_penalty|(encoder_)?no_repeat_ngram_size|(bad_words|forced_[be]os_token)_ids?"
                    + "|num_return_sequences|output_scores|return_dict_in_generate|remove_invalid_values"
                    + "|(begin_)?suppress_tokens|prefix|padding|cross_attention_hidden_size|tie_encoder_decoder");

    /** Where they say no. */
    private static final Set<String> HARMLESS_IF_NOT =
            Set.of("add_cross_attention", "is_decoder", "is_encoder_decoder", "pruned_heads");

    /** Of a speech model's training, and of heads and adapters of it that are not read. */
    private static final Pattern HARMLESS_SPEECH = Pattern.compile("layerdrop|apply_spec_augment"
            + "|mask_(time|feature|channel)_(prob|length|min_masks|min_space|other|selection)|no_mask_(time|channel)_overlap"
            + "|num_codevectors_per_group|num_codevector_groups|(proj_)?codevector_dim|num_negatives"
            + "|contrastive_logits_temperature|diversity_loss_weight|ctc_loss_reduction|ctc_zero_infinity"
            + "|use_weighted_layer_sum|classifier_proj_size|tdnn_(dim|kernel|dilation)|xvector_output_dim"
            + "|adapter_(kernel_size|stride)|num_adapter_layers|output_hidden_size");

    /** Of a directory; empty if the model there has no config.json. */
    public static Optional<ConfigFields> of(Path directory) throws IOException {
        ModelFolder folder = TransformerFolder.of(new FolderOnDisk(directory.toString(), directory));
        if (!folder.has(ModelFolder.CONFIG)) {
            return Optional.empty();
        }
        JsonFile config = folder.read(ModelFolder.CONFIG);
        var noting = new Noting(config.root());
        var noted = new JsonFile(config.file(), noting);
        ModelFamily family = Families.of(folder, noted);
        ModelDescription description = family.describe(folder, noted);
        Set<String> unknown = new TreeSet<>(config.root().propertyNames());
        unknown.removeAll(noting.asked);
        Set<String> harmless = new TreeSet<>(unknown);
        harmless.removeIf(name -> !isHarmless(config, name) && !family.unread().contains(name));
        unknown.removeAll(harmless);
        Set<String> used = new TreeSet<>(config.root().propertyNames());
        used.retainAll(noting.asked);
        return Optional.of(new ConfigFields(
                config.root().path(NAME).asString(""),
                List.copyOf(used),
                List.copyOf(harmless),
                List.copyOf(unknown),
                longest(family, description, config)));
    }

    private static int longest(ModelFamily family, ModelDescription description, JsonFile config) {
        if (!(family instanceof TextFamily texts && description instanceof TextDescription text)) {
            return 0;
        }
        int most = texts.mostTokens(config, text.architecture());
        boolean cut = text.maxTokens() == text.architecture().maxPositions() && text.maxTokens() < most;
        return cut ? most : 0;
    }

    private static boolean isHarmless(JsonFile config, String field) {
        JsonNode value = config.root().path(field);
        boolean no =
                value.isBoolean() ? !value.booleanValue() : value.isNull() || value.isContainer() && value.isEmpty();
        return HARMLESS.contains(field)
                || no && HARMLESS_IF_NOT.contains(field)
                || Stream.of(HARMLESS_NAMES, HARMLESS_WRITING, HARMLESS_SPEECH)
                        .anyMatch(names -> names.matcher(field).matches());
    }

    /** An object that notes for which of its fields it was asked. */
    private static final class Noting extends ObjectNode {
        private static final long serialVersionUID = 1;

        private final transient Set<String> asked = new TreeSet<>();

        Noting(JsonNode object) {
            super(JsonNodeFactory.instance, children(object));
        }

        private static Map<String, JsonNode> children(JsonNode object) {
            Map<String, JsonNode> children = new LinkedHashMap<>();
            object.properties().forEach(field -> children.put(field.getKey(), field.getValue()));
            return children;
        }

        @Override
        public JsonNode get(String field) {
            asked.add(field);
            return super.get(field);
        }

        @Override
        public JsonNode path(String field) {
            asked.add(field);
            return super.path(field);
        }

        @Override
        public Optional<JsonNode> optional(String field) {
            asked.add(field);
            return super.optional(field);
        }
    }
}
