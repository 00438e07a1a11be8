package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.PyTorchFile;
import io.tokenwise.io.WeightSource;
import io.tokenwise.kernels.Activation;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * The two layers that bge-m3 has beside a text encoder, each in a file of PyTorch: of its tokens' last vectors they make weights and vectors of tokens (Chen et al., arXiv 2402.03216, section 3.1;
 * FlagOpen/FlagEmbedding, FlagEmbedding/finetune/embedder/encoder_only/m3: {@code get_model} of runner.py at 0817e770, {@code _sparse_embedding} and {@code _colbert_embedding} of modeling.py at 00d6d158;
 * and {@code encode_single_device} of FlagEmbedding/inference/embedder/encoder_only/m3.py at 02e0d1f6). Who opens the model for vectors of texts leaves them aside.
 *
 * @param folder of the model
 */
public record M3Layers(ModelFolder folder) {
    /** What makes of a token's vector its weight: {@code max(0, w h + b)}. */
    static final String SPARSE = "sparse_linear.pt";

    /** What makes of it a vector: {@code W h + b} of length 1, of all tokens but the first. */
    static final String COLBERT = "colbert_linear.pt";

    /** Before the names of a dense layer's tensors. */
    private static final String LINEAR = "linear.";

    private static final String WEIGHT = "weight";
    private static final String BIAS = "bias";
    private static final int MOST_WIDTH = 1 << 16;

    /** In the tokenizer's files, with what XLM-R and BERT call them where no file says. */
    private static final Map<String, List<String>> UNWEIGHED = Map.of(
            "cls_token", List.of("<s>", "[CLS]"),
            "eos_token", List.of("</s>"),
            "pad_token", List.of("<pad>", "[PAD]"),
            "unk_token", List.of("<unk>", "[UNK]"));

    /** The first goes before the second, as transformers has it. */
    private static final List<String> NAMING = List.of("special_tokens_map.json", TokenizerFile.CONFIG);

    /**
     * A layer.
     *
     * @param weights its tensors, as of a folder of sentence-transformers; to be closed
     */
    record Layer(WeightSource weights, VectorStep.Dense form) {}

    boolean has(String file) {
        return folder.path().isPresent() && folder.has(file);
    }

    /**
     * The one in a file that is there.
     *
     * @param hiddenSize width of what it reads
     * @throws BadFileException if it is damaged, or no such layer
     */
    Layer open(String file, int hiddenSize) {
        WeightSource weights;
        try {
            weights = PyTorchFile.open(folder.path().orElseThrow().resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            boolean sparse = file.equals(SPARSE);
            int outputs = outputs(weights, hiddenSize, sparse ? 1 : MOST_WIDTH);
            Map<String, RenamedWeights.Origin> names = Map.of(
                    LINEAR + WEIGHT, new RenamedWeights.Origin(WEIGHT), LINEAR + BIAS, new RenamedWeights.Origin(BIAS));
            Optional<Activation> activation = sparse ? Optional.of(Activation.RELU) : Optional.empty();
            return new Layer(
                    new RenamedWeights(weights, names), new VectorStep.Dense(file, outputs, true, activation, false));
        } catch (Throwable e) {
            weights.close();
            throw e;
        }
    }

    /** How many values it makes. */
    private static int outputs(WeightSource weights, int hiddenSize, int most) {
        if (weights.names().equals(Set.of(WEIGHT, BIAS))) {
            long[] weight = weights.shape(WEIGHT);
            boolean fits = weight.length == 2 && weight[0] >= 1 && weight[0] <= most && weight[1] == hiddenSize;
            if (fits && Arrays.equals(weights.shape(BIAS), new long[] {weight[0]})) {
                return (int) weight[0];
            }
        }
        String found = weights.names().stream()
                .limit(4)
                .map(name -> name + " " + Arrays.toString(weights.shape(name)))
                .reduce((first, second) -> first + ", " + second)
                .orElse("nothing");
        String outputs = most == 1 ? "1" : "values";
        throw new BadFileException(
                weights.description(),
                "has " + found + "; must have weight [" + outputs + ", " + hiddenSize + "] and bias [" + outputs
                        + "], a layer of bge-m3 on this model's vectors");
    }

    /** Tokens that have no weight: the mark before a text, the one behind it, padding, and what the tokenizer does not know. */
    Set<Integer> unweighed(Tokenizer tokenizer) {
        Set<Integer> ids = new HashSet<>();
        UNWEIGHED.forEach((field, usual) -> named(field).map(List::of).orElse(usual).stream()
                .map(tokenizer::id)
                .forEach(id -> id.ifPresent(ids::add)));
        return ids;
    }

    /** What the tokenizer's files call such a token; null and no text are none. Empty if they do not say. */
    private Optional<String> named(String field) {
        for (String file : NAMING) {
            if (folder.has(file)) {
                JsonNode token = read(file).root().path(field);
                if (!token.isMissingNode()) {
                    return Optional.of((token.isObject() ? token.path("content") : token).asString(""));
                }
            }
        }
        return Optional.empty();
    }

    private JsonFile read(String file) {
        try {
            return folder.read(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How queries and documents are read: whole, and alike. */
    static LateForm form(int maxTokens) {
        return new LateForm("", "", maxTokens, maxTokens, 0, false, List.of(), false, true);
    }
}
