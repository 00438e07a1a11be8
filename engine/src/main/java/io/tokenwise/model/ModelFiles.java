package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.FolderWeights;
import io.tokenwise.io.WeightSource;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A model's files: its description, weights and, if it reads text, tokenizer. Weights may be closed as soon as they are loaded, by
 * {@code weights().close()}; closing twice is harmless.
 */
public final class ModelFiles implements AutoCloseable {
    private final ModelDescription description;
    private final RenamedWeights weights;

    /** Null if the model reads no text. */
    private final Tokenizer tokenizer;

    /** Who opens the model for something else is not told what is wrong with it. */
    private final Supplier<Optional<WordsForm>> words;

    private final Optional<M3Layers> layers;

    private ModelFiles(
            ModelDescription description,
            RenamedWeights weights,
            Tokenizer tokenizer,
            Supplier<Optional<WordsForm>> words,
            Optional<M3Layers> layers) {
        this.description = description;
        this.weights = weights;
        this.tokenizer = tokenizer;
        this.words = words;
        this.layers = layers;
    }

    /**
     * Takes over weights and tokenizer, once the weights are found to fit the description.
     *
     * @param tokenizer null if the model reads no text
     * @throws BadFileException if a tensor is absent, or has another shape; the weights are closed then
     */
    public static ModelFiles of(ModelDescription description, WeightSource weights, Tokenizer tokenizer) {
        return of(description, weights, tokenizer, Optional::empty, Optional.empty());
    }

    /**
     * The same of files that may have a masked-LM head beside what the description says.
     *
     * @param words what that is; throws {@link BadFileException} if it is not supported
     * @param layers other heads beside them, of which each may be there
     */
    public static ModelFiles of(
            ModelDescription description,
            WeightSource weights,
            Tokenizer tokenizer,
            Supplier<Optional<WordsForm>> words,
            Optional<M3Layers> layers) {
        try {
            TensorNames names = description.family().names(description);
            WeightSource source = names.inOurForm(weights);
            var origins = new LinkedHashMap<>(names.origins(source));
            source.names().stream()
                    .filter(FolderWeights::isInFolder)
                    .forEach(name -> origins.put(name, new RenamedWeights.Origin(name)));
            var renamed = new RenamedWeights(source, origins);
            renamed.check(description);
            return new ModelFiles(description, renamed, tokenizer, words, layers);
        } catch (Throwable e) {
            weights.close();
            throw e;
        }
    }

    /** What the model is. */
    public ModelDescription description() {
        return description;
    }

    /**
     * What the text encoder is.
     *
     * @throws BadFileException if the model reads no text, or gives something else than vectors
     */
    public TextDescription text() {
        if (description instanceof TextDescription text && text.output() instanceof TextOutput.Vectors) {
            return text;
        }
        throw unwanted("a text encoder");
    }

    /**
     * What the cross-encoder is.
     *
     * @throws BadFileException if the model gives no scores, or does not read pairs of texts
     */
    public TextDescription scores() {
        if (!(description instanceof TextDescription text && text.output().isScore())) {
            throw unwanted("a cross-encoder");
        }
        if (!(text.output() instanceof TextOutput.Answer)
                && tokenizer.frame().pair().isEmpty()) {
            throw new BadFileException(
                    description.name(),
                    "gives scores of single texts: its tokenizer.json has no form for pairs; a cross-encoder is wanted"
                            + " here");
        }
        return text;
    }

    /**
     * What the text classifier is.
     *
     * @throws BadFileException if the model gives no classes of texts
     */
    public TextDescription textClasses() {
        boolean classes = description instanceof TextDescription text
                && text.output() instanceof TextOutput.SequenceClasses output
                && !output.isScore();
        if (!classes) {
            throw unwanted("a text classifier");
        }
        return (TextDescription) description;
    }

    /**
     * What the classifier of tokens is.
     *
     * @throws BadFileException if the model gives no classes of tokens
     */
    public TextDescription tokenClasses() {
        if (description instanceof TextDescription text && text.output() instanceof TextOutput.TokenClasses) {
            return text;
        }
        throw unwanted("a token classifier");
    }

    /**
     * The same files as a late-interaction encoder, which a text encoder with bge-m3's layer beside it is too: to close one is to close both.
     *
     * @throws BadFileException if the model gives something else
     */
    public ModelFiles tokenVectors() {
        if (description instanceof TextDescription text && text.output() instanceof TextOutput.TokenVectors) {
            return this;
        }
        if (!hasLayer(M3Layers.COLBERT)) {
            throw unwanted("a late-interaction encoder");
        }
        LateForm form = M3Layers.form(text().maxTokens());
        return withLayer(M3Layers.COLBERT, layer -> new TextOutput.TokenVectors(List.of(layer), form));
    }

    /**
     * The same files as a model that gives sparse vectors, which a masked language model does as it is, and a text encoder by bge-m3's layer beside it: to close one is to close both.
     *
     * @throws BadFileException if the model gives something else, or has neither that nor a masked-LM head
     */
    public ModelFiles sparse() {
        boolean is = description instanceof TextDescription text
                && (text.output() instanceof TextOutput.Sparse || text.output() instanceof TextOutput.TokenWeights);
        if (is) {
            return this;
        }
        return hasLayer(M3Layers.SPARSE)
                ? withLayer(
                        M3Layers.SPARSE,
                        layer -> new TextOutput.TokenWeights(
                                layer, layers.orElseThrow().unweighed(tokenizer)))
                : withWords(TextOutput.Sparse::new, "a sparse encoder");
    }

    /**
     * How many values a layer beside a text encoder makes of each token's vector for sparse vectors, as of bge-m3: 1, or 0 if there is none.
     *
     * @throws BadFileException if it is damaged
     */
    public int sparseLayer() {
        return outputsOf(M3Layers.SPARSE);
    }

    /** The same of one that makes vectors of tokens. */
    public int tokenVectorLayer() {
        return outputsOf(M3Layers.COLBERT);
    }

    private int outputsOf(String file) {
        if (!hasLayer(file)) {
            return 0;
        }
        M3Layers.Layer layer =
                layers.orElseThrow().open(file, text().architecture().hiddenSize());
        layer.weights().close();
        return layer.form().outputs();
    }

    /** A table's tokens have vectors that know of no others, and what a text without any is has no id that the vocabulary has: beside it such a layer means nothing. */
    private boolean hasLayer(String file) {
        return description instanceof TextDescription text
                && text.output() instanceof TextOutput.Vectors
                && text.architecture().layers() > 0
                && layers.filter(some -> some.has(file)).isPresent();
    }

    private ModelFiles withLayer(String file, Function<VectorStep.Dense, TextOutput> output) {
        TextDescription text = text();
        M3Layers.Layer layer =
                layers.orElseThrow().open(file, text.architecture().hiddenSize());
        try {
            TextDescription changed = text.withOutput(output.apply(layer.form()));
            var both = new FolderWeights(weights, Map.of(file, layer.weights()));
            Map<String, RenamedWeights.Origin> names = new LinkedHashMap<>();
            both.names().forEach(name -> names.put(name, new RenamedWeights.Origin(name)));
            var renamed = new RenamedWeights(both, names);
            renamed.check(changed);
            return new ModelFiles(changed, renamed, tokenizer, words, layers);
        } catch (Throwable e) {
            layer.weights().close();
            throw e;
        }
    }

    /**
     * The same files as a model that predicts masked tokens: to close one is to close both.
     *
     * @throws BadFileException if the model gives something else, or has no masked-LM head
     */
    public ModelFiles maskedTokens() {
        return description instanceof TextDescription text && text.output() instanceof TextOutput.MaskedTokens
                ? this
                : withWords(TextOutput.MaskedTokens::new, "a masked language model");
    }

    /** Of a model whose files have a masked-LM head: who opens it for vectors leaves that aside. */
    private ModelFiles withWords(Function<WordsForm, TextOutput> output, String wanted) {
        boolean vectors = description instanceof TextDescription text
                && (text.output() instanceof TextOutput.Vectors || text.output() instanceof TextOutput.Sparse);
        if (!vectors) {
            throw unwanted(wanted);
        }
        TextDescription text = (TextDescription) description;
        WordsForm form = head().orElseThrow(() -> new BadFileException(
                text.name(), "is " + text.kind() + " without a masked-LM head; " + wanted + " is wanted here"));
        TextDescription changed = text.withOutput(output.apply(form));
        weights.check(changed);
        return new ModelFiles(changed, weights, tokenizer, words, layers);
    }

    private Optional<WordsForm> head() {
        return words.get().filter(head -> weights.names().contains(head.bias()));
    }

    /** Whether its files have a masked-LM head, which those who open it for vectors leave aside; not if that is of a form that is not read. */
    public boolean hasMaskedHead() {
        try {
            return head().isPresent();
        } catch (BadFileException e) {
            return false;
        }
    }

    private BadFileException unwanted(String wanted) {
        return new BadFileException(description.name(), "is " + description.kind() + "; " + wanted + " is wanted here");
    }

    /**
     * What the image classifier is.
     *
     * @throws BadFileException if the model reads no images
     */
    public ImageDescription image() {
        if (description instanceof ImageDescription image) {
            return image;
        }
        throw unwanted("an image classifier");
    }

    /**
     * What the speech recogniser is.
     *
     * @throws BadFileException if the model reads no sound
     */
    public SpeechDescription speech() {
        if (description instanceof SpeechDescription speech) {
            return speech;
        }
        throw unwanted("a speech recogniser");
    }

    /** The dense model that an adaptive one is at full budget, from the same files: to close one is to close both. A dense model is that itself. */
    public ModelFiles dense() {
        return new ModelFiles(description.withAcm(Optional.empty()), weights, tokenizer, words, layers);
    }

    /**
     * The text encoder that pools what the first layers of this dense one give, from the same files: to close one is to close both.
     *
     * @throws BadFileException if the model reads no text
     * @throws IllegalArgumentException if it has fewer layers, or none is left
     */
    public ModelFiles firstLayers(int layers) {
        return new ModelFiles(text().withLayers(layers), weights, tokenizer, words, this.layers);
    }

    /** The model's weights; all tensors of its architecture are there in the right shapes, unless it is adaptive. */
    public WeightSource weights() {
        return weights;
    }

    /**
     * The tokenizer of a model of texts.
     *
     * @throws BadFileException if the model reads no text
     */
    public Tokenizer tokenizer() {
        if (tokenizer == null) {
            throw unwanted("a text encoder");
        }
        return tokenizer;
    }

    @Override
    public void close() {
        weights.close();
    }
}
