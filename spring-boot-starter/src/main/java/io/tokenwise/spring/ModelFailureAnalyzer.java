package io.tokenwise.spring;

import io.tokenwise.api.BadFileException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says what to do where an application does not start because a model cannot be opened. */
final class ModelFailureAnalyzer extends AbstractFailureAnalyzer<BadFileException> {
    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, BadFileException cause) {
        return new FailureAnalysis(
                "Tokenwise cannot open a model: " + cause.getMessage(),
                "Set tokenwise.model (or tokenwise.reranker.model, tokenwise.speech.model) to a folder with a model, or to a built-in name whose artifact is on the class path.",
                cause);
    }
}
