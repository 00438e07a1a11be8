package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ServedEndpointsTest {
    static List<Path> corpus() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("corpus/http-endpoints"))) {
            return files.toList();
        }
    }

    /** What inputs go out from reaches the models: a refusal would pass too where only faults are looked for. */
    @ParameterizedTest
    @MethodSource("corpus")
    void theCorpusIsAnswered(Path asked) throws IOException {
        assertThat(ServedEndpoints.STARTED.answer(Json.object(Files.readAllBytes(asked))))
                .isNotEmpty()
                .allMatch(answer -> answer.startsWith("HTTP/1.1 200 "));
    }
}
