package io.tokenwise.langchain4j;

import dev.langchain4j.model.embedding.request.DefaultEmbeddingRequestParameters;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;

/**
 * What a call to a {@link TokenwiseEmbeddingModel} may ask for beside LangChain4j's own parameters. Immutable.
 *
 * <pre>{@code
 * model.embed(EmbeddingRequest.builder()
 *         .input("How do I pay an invoice?")
 *         .parameters(TokenwiseEmbeddingRequestParameters.builder().budget(0.7).build())
 *         .build());
 * }</pre>
 */
public final class TokenwiseEmbeddingRequestParameters extends DefaultEmbeddingRequestParameters {
    /** What the texts of a call may cost; the model's default budget holds where it is absent. */
    public static final EmbeddingParameter<Budget> BUDGET = new EmbeddingParameter<>("tokenwise.budget", Budget.class);

    /**
     * Until when the vectors of a call are wanted; after it the call fails with LangChain4j's {@code TimeoutException} before its next batch, on a virtual thread at once, and nothing more is computed
     * for it. See {@link Deadline}.
     */
    public static final EmbeddingParameter<Deadline> DEADLINE =
            new EmbeddingParameter<>("tokenwise.deadline", Deadline.class);

    private TokenwiseEmbeddingRequestParameters(Builder builder) {
        super(builder);
    }

    /** {@return what the texts may cost; null if the call does not say} */
    public Budget budget() {
        return parameter(BUDGET);
    }

    /** {@return until when the vectors are wanted; null if the call does not say} */
    public Deadline deadline() {
        return parameter(DEADLINE);
    }

    /** {@return a builder of parameters of which none is set} */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects parameters. For one thread. */
    public static final class Builder extends DefaultEmbeddingRequestParameters.Builder<Builder> {
        private Builder() {}

        /**
         * Says what each text may cost.
         *
         * @param share of the dense model's time, 0 to 1
         * @return this
         * @throws IllegalArgumentException if it is outside 0..1
         */
        public Builder budget(double share) {
            return budget(Budget.of(share));
        }

        /**
         * Says what each text may cost.
         *
         * @param budget of any kind that the model knows
         * @return this
         */
        public Builder budget(Budget budget) {
            return set(BUDGET, budget);
        }

        /**
         * Says until when the vectors are wanted.
         *
         * @param deadline of the whole call
         * @return this
         */
        public Builder deadline(Deadline deadline) {
            return set(DEADLINE, deadline);
        }

        @Override
        public TokenwiseEmbeddingRequestParameters build() {
            return new TokenwiseEmbeddingRequestParameters(this);
        }
    }
}
