package io.tokenwise.spring;

import io.micrometer.observation.ObservationRegistry;
import io.tokenwise.InputType;
import io.tokenwise.LongTexts;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.document.MetadataMode;
import org.springframework.ai.embedding.AbstractEmbeddingModel;
import org.springframework.ai.embedding.BatchingStrategy;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;
import org.springframework.ai.embedding.observation.DefaultEmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationContext;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationDocumentation;
import org.springframework.util.Assert;

/**
 * A {@link TextEncoder} as Spring AI's {@code EmbeddingModel}. Thread-safe; the encoder is its caller's to close.
 *
 * <p>Vectors are the encoder's, bit for bit. Usage counts the tokens that the model read, special ones included. The response's metadata has
 * {@link #SPENT}, a {@code List<Spent>}, and {@link #TRUNCATED}, a {@code List<Boolean>}, both in the order of the texts.
 */
public final class TokenwiseEmbeddingModel extends AbstractEmbeddingModel {
    /** Key of the response's metadata: what each text cost. */
    public static final String SPENT = "tokenwise.spent";

    /** Key of the response's metadata: whether a text was longer than the model reads. */
    public static final String TRUNCATED = "tokenwise.truncated";

    /** Who computes, to who observes. */
    static final String PROVIDER = "tokenwise";

    private static final EmbeddingModelObservationConvention CONVENTION =
            new DefaultEmbeddingModelObservationConvention();

    private final TextEncoder encoder;
    private final Settings settings;

    /**
     * What a model does unless a call's options say otherwise.
     *
     * @param documents budget of documents, and of all that is no query
     * @param queries budget of a single text, which is how vector stores ask for a query
     * @param longTexts what becomes of texts with more tokens than the model reads
     * @param timeout of a call, or of one batch of documents; null for none
     * @param metadata which metadata of a document is put before its text
     * @param observations who is told of calls
     * @param convention how observations are named; null for Spring AI's own
     */
    public record Settings(
            Budget documents,
            Budget queries,
            LongTexts longTexts,
            Duration timeout,
            MetadataMode metadata,
            ObservationRegistry observations,
            EmbeddingModelObservationConvention convention) {
        /** Full budgets, metadata that is meant for embedding, nobody told. */
        public static final Settings DEFAULT = new Settings(
                Budget.FULL, Budget.FULL, LongTexts.CUT, null, MetadataMode.EMBED, ObservationRegistry.NOOP, null);
    }

    /**
     * Embeds with an encoder.
     *
     * @param encoder its caller's to close
     * @param settings what holds unless a call's options say otherwise
     * @throws IllegalArgumentException if a budget of the settings is one that the model cannot keep
     */
    public TokenwiseEmbeddingModel(TextEncoder encoder, Settings settings) {
        encoder.model().requireKept(settings.documents());
        encoder.model().requireKept(settings.queries());
        this.encoder = encoder;
        this.settings = settings;
    }

    /**
     * The vectors of many texts.
     *
     * @throws IllegalArgumentException if the options name another model or a number of dimensions for which it was not trained, or ask for a budget that the model does not know
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins; on a virtual thread as soon as it passes
     */
    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
        return observed(request.getInstructions(), asked(request.getOptions(), InputType.TEXT));
    }

    /** The vector of a query: how vector stores ask for one. */
    @Override
    public float[] embed(String text) {
        Assert.notNull(text, "Text must not be null");
        var options = TokenwiseEmbeddingOptions.DEFAULT.withBudget(settings.queries());
        return observed(List.of(text), asked(options, InputType.QUERY))
                .getResult()
                .getOutput();
    }

    @Override
    public float[] embed(Document document) {
        return observed(List.of(getEmbeddingContent(document)), asked(null, InputType.PASSAGE))
                .getResult()
                .getOutput();
    }

    @Override
    public List<float[]> embed(List<Document> documents, EmbeddingOptions options, BatchingStrategy batches) {
        // The timeout is for each batch: however many documents are added, none is late for their number.
        Deadline deadline = options instanceof TokenwiseEmbeddingOptions ours ? ours.deadline() : null;
        return super.embed(documents, asked(options, InputType.PASSAGE).withDeadline(deadline), batches);
    }

    @Override
    public String getEmbeddingContent(Document document) {
        Assert.notNull(document, "Document must not be null");
        return document.getFormattedContent(settings.metadata());
    }

    @Override
    public int dimensions() {
        return encoder.dimensions();
    }

    private EmbeddingResponse observed(List<String> texts, TokenwiseEmbeddingOptions options) {
        var context = EmbeddingModelObservationContext.builder()
                .embeddingRequest(new EmbeddingRequest(texts, options))
                .provider(PROVIDER)
                .build();
        return EmbeddingModelObservationDocumentation.EMBEDDING_MODEL_OPERATION
                .observation(settings.convention(), CONVENTION, () -> context, settings.observations())
                .observe(() -> {
                    EmbeddingResponse response = response(encoder.embed(options.request(texts)), options.model());
                    context.setResponse(response);
                    return response;
                });
    }

    private static EmbeddingResponse response(List<io.tokenwise.Embedding> embeddings, String model) {
        List<Embedding> results = IntStream.range(0, embeddings.size())
                .mapToObj(i -> new Embedding(embeddings.get(i).vector(), i))
                .toList();
        int tokens =
                embeddings.stream().mapToInt(io.tokenwise.Embedding::tokens).sum();
        Map<String, Object> metadata = Map.of(
                SPENT, embeddings.stream().map(io.tokenwise.Embedding::spent).toList(),
                TRUNCATED,
                        embeddings.stream()
                                .map(io.tokenwise.Embedding::truncated)
                                .toList());
        return new EmbeddingResponse(
                results, new EmbeddingResponseMetadata(model, new DefaultUsage(tokens, 0), metadata));
    }

    /** Options without gaps. */
    private TokenwiseEmbeddingOptions asked(EmbeddingOptions options, InputType inputType) {
        String name = encoder.name();
        if (options != null && options.getModel() != null && !options.getModel().equals(name)) {
            throw new IllegalArgumentException(
                    "model " + options.getModel() + " is asked for, tokenwise.model is " + name);
        }
        int dimensions = options == null || options.getDimensions() == null ? dimensions() : options.getDimensions();
        List<Integer> shorter = encoder.model().files().text().shorter();
        if (dimensions != dimensions() && !shorter.contains(dimensions)) {
            throw new IllegalArgumentException("dimensions " + dimensions + " are asked for, vectors of " + name
                    + " have " + dimensions() + (shorter.isEmpty() ? "" : " or one of " + shorter));
        }
        Deadline deadline = settings.timeout() == null ? Deadline.NONE : Deadline.in(settings.timeout());
        var unless = new TokenwiseEmbeddingOptions(
                name, dimensions, settings.documents(), inputType, settings.longTexts(), deadline);
        return options instanceof TokenwiseEmbeddingOptions ours ? ours.or(unless) : unless;
    }
}
