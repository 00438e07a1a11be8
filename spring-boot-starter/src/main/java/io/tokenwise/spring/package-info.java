/** Models as Spring AI's {@code EmbeddingModel} and {@code TranscriptionModel}, and rerankers of its documents, configured by properties {@code tokenwise.*}. */
package io.tokenwise.spring;
