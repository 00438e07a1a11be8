package io.tokenwise.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.CustomMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import io.tokenwise.TextEncoder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TokenwiseTokenCountEstimatorTest {
    private static TextEncoder encoder;
    private static TokenwiseTokenCountEstimator estimator;

    @BeforeAll
    static void open() throws IOException {
        encoder = TextEncoder.open("minilm-acm");
        estimator = new TokenwiseTokenCountEstimator(encoder);
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    @Test
    void textsAreCountedWithSpecialTokensAndToTheirEnd() {
        assertThat(estimator.estimateTokenCountInText("the cat sat")).isEqualTo(5);
        assertThat(estimator.estimateTokenCountInText("cat ".repeat(1000))).isEqualTo(1002);
    }

    /** passage: the cat sat */
    @Test
    void theLongestOfTheModelsPrefixesIsCounted() throws IOException {
        try (var e5 = TextEncoder.open("e5-small")) {
            var counted = new TokenwiseTokenCountEstimator(e5).estimateTokenCountInText("the cat sat");
            assertThat(counted)
                    .isEqualTo(7)
                    .isEqualTo(
                            e5.embedPassages(List.of("the cat sat")).getFirst().tokens());
        }
    }

    @Test
    void messagesAreCountedByTheirTexts() {
        List<ChatMessage> messages = List.of(
                SystemMessage.from("the cat"),
                UserMessage.from(TextContent.from("the cat sat"), TextContent.from("the mat")),
                AiMessage.from("the"),
                ToolExecutionResultMessage.from("1", "tool", "the cat sat there"),
                ToolExecutionResultMessage.builder()
                        .toolName("tool")
                        .contents(TextContent.from("the cat"), TextContent.from("the mat"))
                        .build());
        assertThat(messages.stream().map(estimator::estimateTokenCountInMessage))
                .containsExactly(4, 5 + 4, 3, 6, 4 + 4);
        assertThat(estimator.estimateTokenCountInMessages(messages)).isEqualTo(30);
    }

    @Test
    void whatHasNoTextIsRefused() {
        var image = UserMessage.from(ImageContent.from("https://localhost/cat.png"));
        assertThatThrownBy(() -> estimator.estimateTokenCountInMessage(image))
                .isInstanceOf(UnsupportedFeatureException.class)
                .hasMessage("content of type IMAGE has no text to count");
        var result = ToolExecutionResultMessage.builder()
                .toolName("tool")
                .contents(ImageContent.from("https://localhost/cat.png"))
                .build();
        assertThatThrownBy(() -> estimator.estimateTokenCountInMessage(result))
                .isInstanceOf(UnsupportedFeatureException.class);
        var custom = CustomMessage.from(Map.of("a", 1));
        assertThatThrownBy(() -> estimator.estimateTokenCountInMessage(custom))
                .hasMessage("a message of type CUSTOM has no text to count");
    }
}
