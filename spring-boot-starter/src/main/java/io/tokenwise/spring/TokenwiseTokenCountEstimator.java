package io.tokenwise.spring;

import io.tokenwise.TextEncoder;
import org.springframework.ai.content.MediaContent;
import org.springframework.ai.tokenizer.TokenCountEstimator;

/**
 * Counts the tokens that a model reads of a text, special ones included: exact, and never more than the model reads, so that no document is too long for
 * a batch. Media count nothing: the model does not see them. Thread-safe.
 */
public final class TokenwiseTokenCountEstimator implements TokenCountEstimator {
    private final TextEncoder encoder;

    public TokenwiseTokenCountEstimator(TextEncoder encoder) {
        this.encoder = encoder;
    }

    @Override
    public int estimate(String text) {
        return text == null
                ? 0
                : encoder.model().files().tokenizer().encode(text).ids().length;
    }

    @Override
    public int estimate(MediaContent content) {
        return estimate(content.getText());
    }

    @Override
    public int estimate(Iterable<MediaContent> contents) {
        int tokens = 0;
        for (MediaContent content : contents) {
            tokens += estimate(content);
        }
        return tokens;
    }
}
