package io.tokenwise.spring;

import io.tokenwise.LongTexts;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import java.time.Duration;
import org.springframework.ai.document.MetadataMode;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What an application says of Tokenwise.
 *
 * @param model Text encoder: a built-in name or a folder in Hugging Face's layout.
 * @param budget Share from 0 to 1 of what the dense model costs, for documents and all that is not a query. Dense models ignore it.
 * @param queryBudget The same for a single text, which is how vector stores ask for a query. Without it as tokenwise.budget.
 * @param budgetMode What budgets are a share of.
 * @param longTexts What becomes of texts with more tokens than the model reads.
 * @param timeout After which a call for vectors, or for those of one batch of documents, or for reranking, fails before the next batch; on a virtual thread at once. Without it calls wait.
 * @param metadataMode Which metadata of a document is put before its text.
 * @param documentBatchTokens Tokens that vector stores give to one call when they add documents; raised to the model's longest text if less.
 * @param warmUp Whether the application is ready only when its models are as fast as they get, some seconds after they could answer.
 * @param threads Threads that take part in one call at most. Without it all processors.
 * @param batchTokens Tokens that run through a model at once; bounds native memory, or the longest text does if it has more.
 * @param concurrentCalls Calls that run at the same time, further ones wait. Without it four times as many as processors.
 * @param backend What multiplies matrices.
 * @param precision In which precision. Without it the fastest that the CPU has instructions for.
 * @param reranker The reranker.
 * @param speech The speech recognizer.
 */
@ConfigurationProperties("tokenwise")
public record TokenwiseProperties(
        @DefaultValue("minilm-acm") String model,
        @DefaultValue("1") double budget,
        Double queryBudget,
        @DefaultValue("time") BudgetMode budgetMode,
        @DefaultValue("cut") LongTexts longTexts,
        Duration timeout,
        @DefaultValue("embed") MetadataMode metadataMode,
        @DefaultValue("8192") int documentBatchTokens,
        @DefaultValue("false") boolean warmUp,
        Integer threads,
        @DefaultValue("1024") int batchTokens,
        Integer concurrentCalls,
        @DefaultValue("auto") BackendChoice.Kind backend,
        Precision precision,
        @DefaultValue Reranker reranker,
        @DefaultValue Speech speech) {

    /**
     * Checks the budgets.
     *
     * @throws IllegalArgumentException if one is outside 0..1
     */
    public TokenwiseProperties {
        check("tokenwise.budget", budget);
        if (queryBudget != null) {
            check("tokenwise.query-budget", queryBudget);
        }
        if (timeout != null && !timeout.isPositive()) {
            throw new IllegalArgumentException("tokenwise.timeout is " + timeout + ", must be positive");
        }
    }

    /**
     * What an application says of its reranker.
     *
     * @param model Reranker: a folder with a cross-encoder in Hugging Face's layout. Without it there is none.
     * @param budget Share from 0 to 1 of what the dense model costs, for each document with the query, by tokenwise.budget-mode. Dense models ignore it.
     */
    public record Reranker(String model, @DefaultValue("1") double budget) {
        /**
         * Checks the budget.
         *
         * @throws IllegalArgumentException if it is outside 0..1
         */
        public Reranker {
            check("tokenwise.reranker.budget", budget);
        }
    }

    /**
     * What an application says of its speech recognizer.
     *
     * @param model Speech recognizer: a fetched name or a folder with a Moonshine. Without it there is none.
     * @param budget Share from 0 to 1 of the dense model's multiply-adds. Dense models ignore it.
     */
    public record Speech(String model, @DefaultValue("1") double budget) {
        /**
         * Checks the budget.
         *
         * @throws IllegalArgumentException if it is outside 0..1
         */
        public Speech {
            check("tokenwise.speech.budget", budget);
        }
    }

    /** Of documents, and of what is no query. */
    Budget documents() {
        return budgetMode.of(budget);
    }

    Budget queries() {
        return budgetMode.of(queryBudget == null ? budget : queryBudget);
    }

    /** Of a document with the query to which it is compared. */
    Budget reranking() {
        return budgetMode.of(reranker.budget());
    }

    private static void check(String property, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException(property + " is " + share + ", must be from 0 to 1");
        }
    }
}
