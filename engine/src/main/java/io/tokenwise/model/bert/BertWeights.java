package io.tokenwise.model.bert;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.RenamedWeights;
import io.tokenwise.model.TensorNames;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds a BERT's tensors, whatever the exporter put before their names ({@code bert.}, {@code model.}) and whether its LayerNorms have the
 * names of today or TensorFlow's gamma and beta. A masked-LM head is beside the encoder: {@code cls.predictions.bias} of {@code
 * bert.embeddings.word_embeddings.weight}. So are those of others, such as {@code classifier.weight}.
 */
final class BertWeights {
    private static final String WORDS = "embeddings.word_embeddings.weight";

    /** Queries, keys and values as jinaai/xlm-roberta-flash-implementation has them: XLM-R's, whose positions are others, under other names. */
    private static final String FLASH = ".mixer.Wqkv.";

    /** Before the names of heads' tensors, which stand beside the encoder. */
    private static final List<String> HEADS = List.of(
            "classifier.",
            "pre_classifier.",
            "cls.predictions.",
            "lm_head.",
            "vocab_transform.",
            "vocab_layer_norm.",
            "vocab_projector.",
            "linear.");

    /**
     * The names of a model with a head: as transformers reads it, its encoder's tensors have something before their names.
     *
     * @param part what that is, such as {@code bert.}
     */
    record WithHead(String part) implements TensorNames {
        @Override
        public Map<String, RenamedWeights.Origin> origins(WeightSource source) {
            return BertWeights.origins(source);
        }

        @Override
        public String written(String ours) {
            return isOfHead(ours) ? ours : part + ours;
        }
    }

    private BertWeights() {}

    /** @throws BadFileException if these are not the weights of a BERT */
    static Map<String, RenamedWeights.Origin> origins(WeightSource source) {
        if (source.names().stream().anyMatch(name -> name.contains(FLASH))) {
            throw new BadFileException(
                    source.description(),
                    "has tensors called " + FLASH + ", the layout of jinaai/xlm-roberta-flash-implementation, which is"
                            + " read where auto_map in config.json names XLMRobertaFlashConfig, or model_type is xlm-roberta");
        }
        String words = source.names().stream()
                .filter(name -> name.equals(WORDS) || name.endsWith("." + WORDS))
                .findFirst()
                .orElseThrow(() -> new BadFileException(
                        source.description(), "has no tensor " + WORDS + ": not the weights of a BERT"));
        String prefix = words.substring(0, words.length() - WORDS.length());
        String beside = prefix.replaceFirst("\\b((distil|ro|camem)?bert(a)?|mpnet|electra)\\.$", "");
        Map<String, RenamedWeights.Origin> origins = new LinkedHashMap<>();
        for (String name : source.names()) {
            if (name.startsWith(beside) && isOfHead(name.substring(beside.length()))) {
                origins.put(today(name.substring(beside.length())), new RenamedWeights.Origin(name));
            } else if (name.startsWith(prefix)) {
                origins.put(today(name.substring(prefix.length())), new RenamedWeights.Origin(name));
            }
        }
        return origins;
    }

    private static boolean isOfHead(String name) {
        return HEADS.stream().anyMatch(name::startsWith);
    }

    private static String today(String name) {
        return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias");
    }
}
