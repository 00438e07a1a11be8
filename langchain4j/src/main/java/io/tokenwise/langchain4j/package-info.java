/** Models as LangChain4j's {@code EmbeddingModel}, {@code TokenCountEstimator} and {@code AudioTranscriptionModel}. */
package io.tokenwise.langchain4j;
