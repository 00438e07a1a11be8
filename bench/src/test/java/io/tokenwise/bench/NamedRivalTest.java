package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamedRivalTest {
    @Test
    void isANameAFolderAndPerhapsAShare() {
        assertThat(NamedRival.parse("list-distilled=models/a@b/student@0.7"))
                .isEqualTo(new NamedRival("list-distilled", "models/a@b/student", OptionalDouble.of(0.7)));
        assertThat(NamedRival.parse("layers3=x")).isEqualTo(new NamedRival("layers3", "x", OptionalDouble.empty()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "student",
                "=student",
                "a b=student",
                "list=",
                "list=student@0",
                "list=student@1.5",
                "list=s@0.7.1"
            })
    void otherTextsAreToldWhatIsRight(String text) {
        assertThatThrownBy(() -> NamedRival.parse(text))
                .hasMessageContaining("NAME=DIR@KEEP")
                .hasMessageContaining(text);
    }
}
