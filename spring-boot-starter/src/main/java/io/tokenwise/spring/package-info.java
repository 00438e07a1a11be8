/** Models as Spring AI's {@code EmbeddingModel} and {@code TranscriptionModel}, configured by properties {@code tokenwise.*}. */
package io.tokenwise.spring;
