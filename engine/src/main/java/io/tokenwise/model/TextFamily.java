package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A family of text encoders, which all have sentence-transformers' files beside config.json. */
public interface TextFamily extends ModelFamily {
    /**
     * The sizes that config.json says.
     *
     * @throws io.tokenwise.api.BadFileException if it is bad, or asks for what is not supported
     */
    TextArchitecture architecture(JsonFile config);

    /** The longest text that files beside config.json may speak of: it may be longer than what is supported, to which it is then cut. */
    default int mostTokens(JsonFile config, TextArchitecture architecture) {
        return architecture.maxPositions();
    }

    /** The tokenizer of a folder, as Python opens it. */
    default TokenizerFile tokenizer(ModelFolder folder) throws IOException {
        return TokenizerFile.of(folder);
    }

    /**
     * What makes classes of its token vectors, where config.json says that it does.
     *
     * @throws io.tokenwise.api.BadFileException if it is not supported
     */
    default HeadForm head(JsonFile config) {
        throw config.refuse("architectures", "models of " + name() + " without a head");
    }

    /**
     * What it gives, if config.json says that it is no vector. What sentence-transformers says beside it goes before that.
     *
     * @param folder for families of which config.json does not tell it all
     * @throws io.tokenwise.api.BadFileException if it is not supported
     */
    default Optional<TextOutput> output(ModelFolder folder, JsonFile config) throws IOException {
        return ClassesConfig.output(config, this);
    }

    /**
     * What a text's vector goes through before what sentence-transformers' files ask for: a layer whose weights are beside the model's. Most have none.
     *
     * @param folder for the names of tensors
     * @throws io.tokenwise.api.BadFileException if it is not supported
     */
    default Optional<VectorStep.Dense> projection(ModelFolder folder, JsonFile config) throws IOException {
        return Optional.empty();
    }

    /**
     * What makes classes of each token's vector, where config.json says that it does.
     *
     * @param labels what the classes are called
     * @throws io.tokenwise.api.BadFileException if it is not supported
     */
    default TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        throw config.refuse("architectures", "models of " + name() + " without a head");
    }

    /**
     * What it was pre-trained to predict masked tokens with; empty if there is none, or it is not supported.
     *
     * @param sizes which config.json says
     */
    default Optional<WordsForm> words(JsonFile config, TextArchitecture sizes) {
        return Optional.empty();
    }

    @Override
    default TextDescription describe(ModelFolder folder, JsonFile config) throws IOException {
        return describe(folder, config, architecture(config));
    }

    /** The same of one whose sizes are known. */
    default TextDescription describe(ModelFolder folder, JsonFile config, TextArchitecture sizes) throws IOException {
        return SentenceFiles.describe(this, sizes, folder, config);
    }

    @Override
    default Map<String, byte[]> filesBeside(ModelDescription model) {
        return SentenceFilesWriter.files((TextDescription) model);
    }

    @Override
    default Adaptable adaptable(ModelDescription model) {
        return Adaptable.BY_TOKENS;
    }

    @Override
    default Objective objective(ModelDescription model) {
        return switch (((TextDescription) model).output()) {
            case TextOutput.Vectors _ -> Objective.VECTORS;
            case TextOutput.SequenceClasses classes ->
                classes.isScore() || classes.several() ? Objective.SCORES : Objective.CLASSES;
            case TextOutput.Answer _, TextOutput.Score _ -> Objective.SCORES;
            case TextOutput.TokenClasses _ -> Objective.TOKEN_CLASSES;
            case TextOutput.TokenVectors _, TextOutput.TokenWeights _, TextOutput.Sparse _, TextOutput.MaskedTokens _ ->
                Objective.NONE;
        };
    }

    /** A text's token is a number; what comes out of it may be many. Dense layers after pooling find place where the layers were, unless they are very wide. */
    @Override
    default RowMemory memory(ModelDescription model) {
        Architecture sizes = model.architecture();
        TextOutput output = ((TextDescription) model).output();
        // What is taken of the last layer, two layers of a head, and what comes out.
        long ofHead = 3L * sizes.hiddenSize() + model.outputs();
        return switch (output) {
            case TextOutput.Vectors vectors -> ofSteps(vectors, sizes);
            case TextOutput.Score score -> ofSteps(score.vector(), sizes);
            case TextOutput.SequenceClasses _, TextOutput.Answer _ -> RowMemory.NONE;
            case TextOutput.TokenClasses _, TextOutput.TokenWeights _ -> new RowMemory(ofHead, 0);
            // Besides, of queries that masks follow what is seen, and probabilities.
            case TextOutput.TokenVectors vectors ->
                new RowMemory(
                        ofHead
                                + VectorStep.floats(vectors.dense(), sizes.hiddenSize())
                                + 4L * sizes.hiddenSize()
                                + (vectors.form().expands()
                                        ? (long) sizes.heads() * vectors.form().queryTokens()
                                        : 0),
                        0);
            case TextOutput.Sparse _, TextOutput.MaskedTokens _ ->
                new RowMemory(
                        0,
                        RowMemory.rowsAtOnce(model.outputs()) * ofHead + Math.max(RowMemory.OUTPUTS, model.outputs()));
        };
    }

    private static RowMemory ofSteps(TextOutput.Vectors vectors, Architecture sizes) {
        long after = VectorStep.floats(vectors.steps(), sizes.hiddenSize());
        return new RowMemory(Math.max(0, after - sizes.floatsPerToken() + 4L * sizes.hiddenSize()), 0);
    }
}
