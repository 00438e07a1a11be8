package io.tokenwise.langchain4j;

import static dev.langchain4j.model.embedding.request.EmbeddingRequestParameters.DIMENSIONS;
import static dev.langchain4j.model.embedding.request.EmbeddingRequestParameters.INPUT_TYPE;
import static io.tokenwise.langchain4j.TokenwiseEmbeddingRequestParameters.BUDGET;
import static io.tokenwise.langchain4j.TokenwiseEmbeddingRequestParameters.DEADLINE;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.embedding.DimensionAwareEmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import io.tokenwise.EmbedRequest;
import io.tokenwise.Engine;
import io.tokenwise.InputType;
import io.tokenwise.LongTexts;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A text encoder as LangChain4j's embedding model: texts in, vectors of {@link #dimension} values out, computed in this process.
 *
 * <p>A call may name a {@link TokenwiseEmbeddingRequestParameters#BUDGET budget} and a {@link TokenwiseEmbeddingRequestParameters#DEADLINE deadline}; others have the budget of {@link Builder#budget}. Index documents with one budget that
 * never changes, and search with that or the full one. {@code INPUT_TYPE} is supported by models that want to see a prefix before queries or documents,
 * {@code DIMENSIONS} by those whose config.json says for which they were trained ({@code matryoshka_dimensions});
 * other parameters, and images, are refused with LangChain4j's {@code UnsupportedFeatureException}. A response's metadata is a
 * {@link TokenwiseEmbeddingResponseMetadata}; its token usage counts special tokens too, as they are computed.
 *
 * <p>Thread-safe. {@link #close} waits for running calls and frees the model's native memory, unless the encoder is another's.
 */
public final class TokenwiseEmbeddingModel extends DimensionAwareEmbeddingModel implements AutoCloseable {
    private final TextEncoder encoder;
    private final boolean closesEncoder;
    private final Budget budget;
    private final LongTexts longTexts;
    private final List<EmbeddingModelListener> listeners;

    private TokenwiseEmbeddingModel(Builder builder) {
        closesEncoder = builder.encoder == null;
        budget = builder.budget;
        longTexts = builder.longTexts;
        listeners = builder.listeners;
        encoder = closesEncoder ? builder.open() : builder.encoder;
        try {
            encoder.model().requireKept(budget);
        } catch (IllegalArgumentException e) {
            close();
            throw e;
        }
    }

    /** {@return a builder of the built-in model, if its artifact is there, or of the one that it is told} */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public EmbeddingResponse doEmbed(EmbeddingRequest request) {
        EmbeddingRequestParameters parameters = request.parameters();
        Budget asked = Objects.requireNonNullElse(parameters.parameter(BUDGET), budget);
        Deadline deadline = Objects.requireNonNullElse(parameters.parameter(DEADLINE), Deadline.NONE);
        List<String> texts = request.inputs().stream().map(EmbeddingInput::text).toList();
        List<io.tokenwise.Embedding> embeddings = embed(EmbedRequest.of(texts)
                .as(inputType(parameters.inputType()))
                .withDimensions(Objects.requireNonNullElse(parameters.dimensions(), encoder.dimensions()))
                .withBudget(asked)
                .withLongTexts(longTexts)
                .withDeadline(deadline));
        return EmbeddingResponse.builder()
                .embeddings(embeddings.stream()
                        .map(embedding -> Embedding.from(embedding.vector()))
                        .toList())
                .metadata(new TokenwiseEmbeddingResponseMetadata(modelName(), asked, embeddings))
                .build();
    }

    private List<io.tokenwise.Embedding> embed(EmbedRequest request) {
        try {
            return encoder.embed(request);
        } catch (DeadlineException e) {
            throw new TimeoutException(e.getMessage(), e);
        }
    }

    private static InputType inputType(EmbeddingInputType asked) {
        return switch (asked) {
            case null -> InputType.TEXT;
            case QUERY -> InputType.QUERY;
            case DOCUMENT -> InputType.PASSAGE;
        };
    }

    @Override
    public EmbeddingRequestParameters defaultRequestParameters() {
        return TokenwiseEmbeddingRequestParameters.builder().budget(budget).build();
    }

    @Override
    public Set<EmbeddingParameter<?>> supportedParameters() {
        var supported = new HashSet<EmbeddingParameter<?>>(Set.of(BUDGET, DEADLINE));
        if (encoder.hasInputTypes()) {
            supported.add(INPUT_TYPE);
        }
        if (!encoder.model().files().text().shorter().isEmpty()) {
            supported.add(DIMENSIONS);
        }
        return supported;
    }

    @Override
    public List<EmbeddingModelListener> listeners() {
        return listeners;
    }

    @Override
    public ModelProvider provider() {
        return ModelProvider.OTHER;
    }

    @Override
    public String modelName() {
        return encoder.name();
    }

    @Override
    protected Integer knownDimension() {
        return encoder.dimensions();
    }

    /** {@return what counts tokens as this model does, for a document splitter; until the model is closed} */
    public TokenwiseTokenCountEstimator tokenCountEstimator() {
        return new TokenwiseTokenCountEstimator(encoder);
    }

    @Override
    public void close() {
        if (closesEncoder) {
            encoder.close();
        }
    }

    /** Says which model, and what its calls may cost. For one thread. */
    public static final class Builder {
        private String model;
        private TextEncoder encoder;
        private Engine engine;
        private Budget budget = Budget.FULL;
        private LongTexts longTexts = LongTexts.CUT;
        private List<EmbeddingModelListener> listeners = List.of();

        private Builder() {}

        /**
         * Says which model is opened.
         *
         * @param nameOrFolder a built-in name such as {@code minilm-acm}, whose artifact must be there, or a directory in Hugging Face's layout
         * @return this
         */
        public Builder modelName(String nameOrFolder) {
            model = nameOrFolder;
            return this;
        }

        /**
         * Takes an encoder that is open already, and stays open when the model is closed.
         *
         * @param open the encoder
         * @return this
         */
        public Builder encoder(TextEncoder open) {
            encoder = Objects.requireNonNull(open, "encoder");
            return this;
        }

        /**
         * Where the model is opened, so that it shares threads and memory with others; without one it has an engine of its own. The engine stays the caller's.
         *
         * @param shared the caller's
         * @return this
         */
        public Builder engine(Engine shared) {
            engine = Objects.requireNonNull(shared, "engine");
            return this;
        }

        /**
         * Says what calls without a budget may cost; see {@link Budget#of(double)}.
         *
         * @param share of the dense model's time, 0 to 1
         * @return this
         */
        public Builder budget(double share) {
            return budget(Budget.of(share));
        }

        /**
         * Says what calls without a budget may cost; all of the dense model, if not said.
         *
         * @param newBudget of each text
         * @return this
         */
        public Builder budget(Budget newBudget) {
            budget = Objects.requireNonNull(newBudget, "budget");
            return this;
        }

        /**
         * Says what becomes of texts that are longer than the model reads: cut, if not said; LangChain4j's own in-process models split them.
         *
         * @param newLongTexts cut or split
         * @return this
         */
        public Builder longTexts(LongTexts newLongTexts) {
            longTexts = Objects.requireNonNull(newLongTexts, "longTexts");
            return this;
        }

        /**
         * Says who is told of calls.
         *
         * @param newListeners in the order in which they are told
         * @return this
         */
        public Builder listeners(EmbeddingModelListener... newListeners) {
            return listeners(List.of(newListeners));
        }

        /**
         * Says who is told of calls.
         *
         * @param newListeners in the order in which they are told
         * @return this
         */
        public Builder listeners(List<EmbeddingModelListener> newListeners) {
            listeners = List.copyOf(newListeners);
            return this;
        }

        /**
         * Opens the model, or takes the encoder.
         *
         * @return the model, to be closed
         * @throws io.tokenwise.api.BadFileException if a file of the model is absent, bad or not supported
         * @throws IllegalArgumentException if what was said does not go together, or the budget is one that the model cannot keep
         */
        public TokenwiseEmbeddingModel build() {
            if (encoder != null && (model != null || engine != null)) {
                throw new IllegalArgumentException(
                        "encoder: is a model in an engine already; leave modelName and engine out");
            }
            if (engine != null && model == null) {
                throw new IllegalArgumentException("modelName: is absent; say which model the engine is to open");
            }
            return new TokenwiseEmbeddingModel(this);
        }

        private TextEncoder open() {
            try {
                if (engine != null) {
                    return engine.textEncoder(model);
                }
                return model == null ? TextEncoder.open() : TextEncoder.open(model);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
