package io.tokenwise.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.TokenCountEstimator;
import io.tokenwise.InputType;
import io.tokenwise.TextEncoder;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Counts tokens as an encoder does, special ones included, with the longest of the words that the model may want to see before a text: one of at most {@link TextEncoder#maxTokens} is read to its
 * end, be it a query, a document or neither. Give it to a document splitter, with that as the largest segment. Thread-safe.
 */
public final class TokenwiseTokenCountEstimator implements TokenCountEstimator {
    private final TextEncoder encoder;

    /** Before which the model wants to see most. */
    private final InputType inputType;

    /**
     * Counts as an encoder does.
     *
     * @param encoder open as long as tokens are counted
     */
    public TokenwiseTokenCountEstimator(TextEncoder encoder) {
        this.encoder = encoder;
        inputType = Stream.of(InputType.values())
                .max(Comparator.comparingInt(type -> encoder.countTokens("", type)))
                .orElseThrow();
    }

    @Override
    public int estimateTokenCountInText(String text) {
        return encoder.countTokens(text, inputType);
    }

    /** The tokens of a message's texts; 0 if it has none. */
    @Override
    public int estimateTokenCountInMessage(ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> estimateTokenCountInText(system.text());
            case UserMessage user -> countTokens(user.contents());
            case AiMessage ai -> ai.text() == null ? 0 : estimateTokenCountInText(ai.text());
            case ToolExecutionResultMessage result -> countTokens(result.contents());
            default ->
                throw new UnsupportedFeatureException("a message of type " + message.type() + " has no text to count");
        };
    }

    private int countTokens(List<Content> contents) {
        return contents.stream().mapToInt(this::countTokens).sum();
    }

    private int countTokens(Content content) {
        if (content instanceof TextContent text) {
            return estimateTokenCountInText(text.text());
        }
        throw new UnsupportedFeatureException("content of type " + content.type() + " has no text to count");
    }

    @Override
    public int estimateTokenCountInMessages(Iterable<ChatMessage> messages) {
        int tokens = 0;
        for (ChatMessage message : messages) {
            tokens += estimateTokenCountInMessage(message);
        }
        return tokens;
    }
}
