package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What becomes of queries without a network: each token that stands in one has its weight of a table, once, and no token stands around it (inference-free SPLADE, Geng et al., arXiv 2411.04403).
 * sentence-transformers calls it SparseStaticEmbedding (sentence_transformers/sparse_encoder/modules/sparse_static_embedding.py at cad21198). Immutable.
 */
public final class QueryWeights {
    /** What sentence-transformers calls it. */
    static final String MODULE = "SparseStaticEmbedding";

    /** The folder to which it is written. */
    static final String FOLDER = "query_0_" + MODULE;

    private static final String TENSOR = "weight";
    private static final String FROZEN = "frozen";
    private static final String PATH = "path";
    private static final String PAD = "pad_token";
    private static final Pattern JSON = Pattern.compile("\\w[\\w.-]*\\.json");
    private static final int MOST_SHOWN = 40;

    private final float[] weights;

    /** Whether Python leaves them alone in training. */
    private final boolean frozen;

    /** The tokenizer_config.json of queries. Python needs it, so it is kept. */
    private final ObjectNode tokenizer;

    private final Optional<String> usual;

    private QueryWeights(float[] weights, boolean frozen, ObjectNode tokenizer, Optional<String> usual) {
        this.weights = weights;
        this.frozen = frozen;
        this.tokenizer = tokenizer;
        this.usual = usual;
    }

    /**
     * Reads the table of a router: a tensor {@code weight [tokens]}, or a file of JSON with a weight for each token's text, which config.json names.
     *
     * @param words rows that the model has; the table may have fewer
     * @throws BadFileException if it is absent or bad, or queries have another tokenizer than documents
     */
    static QueryWeights read(ModelFolder folder, SentenceRouter router, int words) throws IOException {
        var own = new TransformerFolder(folder, router.queries());
        JsonFile config = own.read(ModelFolder.CONFIG);
        requireTokenizer(folder, own);
        return new QueryWeights(
                config.has(PATH) ? named(folder, own, config, words) : tensor(own, words),
                config.flag(FROZEN, false),
                own.has(TokenizerFile.CONFIG)
                        ? (ObjectNode) own.read(TokenizerFile.CONFIG).root()
                        : JsonNodeFactory.instance.objectNode(),
                router.usual());
    }

    private static float[] tensor(ModelFolder own, int words) throws IOException {
        try (WeightSource file = own.weights()) {
            long[] shape = file.shape(TENSOR);
            if (shape.length != 1 || shape[0] < 1 || shape[0] > words) {
                throw new BadFileException(
                        file.description(),
                        "tensor " + TENSOR + " has shape " + Arrays.toString(shape)
                                + "; must be [tokens], a weight for each of up to " + words
                                + ", which the model knows");
            }
            var weights = new float[(int) shape[0]];
            file.read(TENSOR, MemorySegment.ofArray(weights));
            return weights;
        }
    }

    /** By tokens' texts. Where Python runs it must lie there, so here it may lie with the model, as OpenSearch's idf.json does. */
    private static float[] named(ModelFolder folder, ModelFolder own, JsonFile config, int words) throws IOException {
        String name = config.root().path(PATH).asString("");
        ModelFolder place = Stream.of(own, folder, folder.all())
                .filter(each -> JSON.matcher(name).matches() && each.has(name))
                .findFirst()
                .orElseThrow(() -> config.refuse(PATH, "a file such as idf.json in this folder or the model's"));
        JsonFile file = place.read(name);
        TokenizerFile ofTokenizer = TokenizerFile.of(folder);
        var tokenizer = Tokenizer.open(ofTokenizer.file(), ofTokenizer.json(), Integer.MAX_VALUE);
        Map<String, Integer> ids = ids(tokenizer);
        var weights = new float[Math.min(words, tokenizer.vocabularySize())];
        for (Map.Entry<String, JsonNode> each : file.root().properties()) {
            int id = ids.getOrDefault(each.getKey(), weights.length);
            float weight = each.getValue().isNumber() ? (float) each.getValue().doubleValue() : Float.NaN;
            if (id >= weights.length || !Float.isFinite(weight)) {
                throw new BadFileException(
                        file.file(),
                        shown(JsonNodeFactory.instance.stringNode(each.getKey())) + " has " + shown(each.getValue())
                                + "; must be a token of the model's and a number, its weight");
            }
            weights[id] = weight;
        }
        return weights;
    }

    private static String shown(JsonNode value) {
        String text = value.toString();
        return text.length() > MOST_SHOWN ? text.substring(0, MOST_SHOWN) + "..." : text;
    }

    private static Map<String, Integer> ids(Tokenizer tokenizer) {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            if (tokenizer.has(id)) {
                ids.put(tokenizer.tokens(new int[] {id}).getFirst(), id);
            }
        }
        return ids;
    }

    /** That queries are cut into tokens as documents are. */
    private static void requireTokenizer(ModelFolder folder, ModelFolder own) throws IOException {
        if (!TokenizerFile.isIn(own)) {
            return;
        }
        TokenizerFile queries = TokenizerFile.of(own);
        TokenizerFile documents = TokenizerFile.of(folder);
        if (!queries.isSame(documents)) {
            throw new BadFileException(
                    queries.file(),
                    "is another tokenizer than " + documents.file()
                            + ", or the same in another form; supported: one for queries and documents");
        }
    }

    /** How many tokens the table has a weight for: the ids from 0 on. */
    public int tokens() {
        return weights.length;
    }

    /** The weight of a token; 0 if the table has none for it. */
    public float weight(int id) {
        return id < weights.length ? weights[id] : 0;
    }

    /** Whether texts that are said to be neither queries nor to be found are looked up too. */
    public boolean areTextsLookedUp() {
        return usual.equals(Optional.of(SentenceRouter.QUERY));
    }

    /** Longer queries are cut to so many tokens; the largest number if they are not. */
    public int maxTokens() {
        return SentenceFiles.length(tokenizer);
    }

    /** The way that a router has for texts of which nothing is said; empty if Python refuses these, and ours has them read as texts to be found. */
    Optional<String> usual() {
        return usual;
    }

    Map<String, TensorData> tensors() {
        return Map.of(TENSOR, new TensorData(new long[] {weights.length}, MemorySegment.ofArray(weights.clone())));
    }

    /** What is written beside the tensor and the tokenizer, by the name in the table's folder. */
    Map<String, byte[]> files(Tokenizer cuts) {
        return Map.of(
                ModelFolder.CONFIG,
                JsonFile.format(JsonNodeFactory.instance.objectNode().put(FROZEN, frozen)),
                TokenizerFile.CONFIG,
                JsonFile.format(settings(cuts)));
    }

    /** What was read; where that names no class Python would go by the model that config.json names, which here names none. */
    private ObjectNode settings(Tokenizer cuts) {
        ObjectNode settings = tokenizer.deepCopy();
        if (!settings.has(TokenizerFile.CLASS)) {
            settings.put(TokenizerFile.CLASS, "PreTrainedTokenizerFast");
            // Without one that class refuses several queries.
            Stream.of("[PAD]", "<pad>")
                    .filter(pad -> !settings.has(PAD) && cuts.id(pad).isPresent())
                    .findFirst()
                    .ifPresent(pad -> settings.put(PAD, pad));
        }
        return settings;
    }
}
