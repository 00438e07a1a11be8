package io.tokenwise.spring;

import io.tokenwise.InputType;
import io.tokenwise.TextEncoder;
import org.springframework.ai.content.MediaContent;
import org.springframework.ai.tokenizer.TokenCountEstimator;

/**
 * Counts the tokens of a document by a model's own tokenizer, special ones and what the model wants to see before documents included, and never more than a given
 * number, so that no document is too long for a batch. Media count nothing: the model does not see them. Thread-safe.
 */
public final class TokenwiseTokenCountEstimator implements TokenCountEstimator {
    private final TextEncoder encoder;
    private final int most;

    /**
     * Counts as an encoder does.
     *
     * @param encoder open as long as tokens are counted
     * @param most what longer texts count: {@link TextEncoder#maxTokens} where they are cut
     */
    public TokenwiseTokenCountEstimator(TextEncoder encoder, int most) {
        this.encoder = encoder;
        this.most = most;
    }

    @Override
    public int estimate(String text) {
        return text == null ? 0 : Math.min(most, encoder.countTokens(text, InputType.PASSAGE));
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
