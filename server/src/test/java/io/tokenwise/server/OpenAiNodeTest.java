package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * OpenAI's own client for Node, unchanged but for its address. It is skipped unless {@code -Dtokenwise.node.modules=DIR/node_modules} has it, after {@code npm
 * install --prefix DIR openai@6.49.0}.
 */
@ExtendWith(SharedServer.class)
@EnabledIfSystemProperty(
        named = OpenAiNodeTest.MODULES,
        matches = ".+",
        disabledReason = "-Dtokenwise.node.modules does not say where npm's openai is")
class OpenAiNodeTest {
    static final String MODULES = "tokenwise.node.modules";

    private static final String SCRIPT = """
            import { createRequire } from 'node:module';
            const require = createRequire(process.argv[2] + '/');
            const { OpenAI } = require('openai');
            const client = new OpenAI({ baseURL: process.argv[3], apiKey: 'none', maxRetries: 0 });
            const input = ['a text', 'another, longer text'];
            const vectors = r => r.data.map(d => d.embedding);
            const base64 = await client.embeddings.create({ model: 'minilm-acm@0.5', input });
            const float = await client.embeddings.create({ model: 'minilm-acm', input, encoding_format: 'float', budget: 0.5 });
            const models = await client.models.list();
            let error;
            try { await client.embeddings.create({ model: 'other', input }); } catch (e) { error = e; }
            console.log(JSON.stringify({
              base64: vectors(base64), float: vectors(float), tokens: base64.usage.total_tokens,
              models: models.data.map(m => m.id), status: error.status, code: error.code, param: error.param }));
            """;

    @Test
    void vectorsAreTheLibrarysBitForBit(SharedServer.Running server, @TempDir Path folder) throws Exception {
        String modules = System.getProperty(MODULES);
        Path script = Files.writeString(folder.resolve("client.mjs"), SCRIPT);
        Process node = new ProcessBuilder(
                        "node", script.toString(), modules, "http://127.0.0.1:" + server.port() + "/v1")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        JsonNode said =
                new JsonMapper().readTree(new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        assertThat(node.waitFor(60, TimeUnit.SECONDS)).isTrue();
        try (TextEncoder encoder = TextEncoder.open("minilm-acm")) {
            var expected = encoder.embed(List.of("a text", "another, longer text"), Budget.of(0.5));
            for (int i = 0; i < 2; i++) {
                assertThat(floats(said.get("base64").get(i)))
                        .containsExactly(expected.get(i).vector());
                assertThat(floats(said.get("float").get(i)))
                        .containsExactly(expected.get(i).vector());
            }
            assertThat(said.get("tokens").intValue())
                    .isEqualTo(expected.get(0).tokens() + expected.get(1).tokens());
        }
        assertThat(said.at("/models/0").stringValue()).isEqualTo("minilm-acm");
        assertThat(said.get("status").intValue()).isEqualTo(404);
        assertThat(said.get("code").stringValue()).isEqualTo("model_not_found");
        assertThat(said.get("param").stringValue()).isEqualTo("model");
    }

    private static float[] floats(JsonNode array) {
        var floats = new float[array.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) array.get(i).doubleValue();
        }
        return floats;
    }
}
