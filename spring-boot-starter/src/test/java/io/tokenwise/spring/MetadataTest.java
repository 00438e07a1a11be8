package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What an editor shows of our properties. */
class MetadataTest {
    @Test
    void everyPropertyHasADescription() throws Exception {
        List<String> names = new ArrayList<>();
        try (InputStream in =
                TokenwiseProperties.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            for (JsonNode property : JsonMapper.shared().readTree(in).get("properties")) {
                assertThat(property.path("description").asString(""))
                        .as(property.get("name").asString())
                        .endsWith(".");
                names.add(property.get("name").asString());
            }
        }
        for (var component : TokenwiseProperties.class.getRecordComponents()) {
            if (!component.getType().isRecord()) {
                assertThat(names).contains("tokenwise." + DataObjectPropertyName.toDashedForm(component.getName()));
            }
        }
        assertThat(names)
                .contains(
                        "tokenwise.reranker.model",
                        "tokenwise.reranker.budget",
                        "tokenwise.speech.model",
                        "management.health.tokenwise.enabled");
    }
}
