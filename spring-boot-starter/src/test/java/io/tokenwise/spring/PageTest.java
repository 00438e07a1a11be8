package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.PageExamples;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.core.io.ByteArrayResource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** docs/spring.md as it stands: its classes compile, its properties are ours. */
class PageTest {
    private static final Path PAGE = Path.of("..", "docs", "spring.md");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import ([\\w.]+);");
    private static final Pattern ARTIFACT = Pattern.compile("<artifactId>([^<]+)</artifactId>");
    private static final Pattern TEST_DEPENDENCY = Pattern.compile(ARTIFACT.pattern() + "\\s*<scope>test</scope>");
    private static final Pattern YAML_BLOCK = Pattern.compile("```yaml\\n(.*?)```", Pattern.DOTALL);

    @Test
    void theClassesCompile(@TempDir Path folder) throws Exception {
        assertThat(PageExamples.compile(PAGE, folder).names()).containsExactly("Answers", "BestAnswers");
    }

    /** They compile here with what is for tests alone: who copies them has what the starter brings, and what the page names. */
    @Test
    void thePageNamesWhatTheStarterDoesNotBring() throws Exception {
        String page = Files.readString(PAGE);
        List<String> forTests = artifacts(TEST_DEPENDENCY, Files.readString(Path.of("pom.xml")));
        for (MatchResult imported : IMPORT.matcher(page).results().toList()) {
            CodeSource source =
                    Class.forName(imported.group(1)).getProtectionDomain().getCodeSource();
            if (source != null) {
                String jar = Path.of(source.getLocation().toURI()).getFileName().toString();
                assertThat(forTests)
                        .filteredOn(artifact -> jar.startsWith(artifact + "-"))
                        .as(imported.group())
                        .isSubsetOf(artifacts(ARTIFACT, page));
            }
        }
    }

    private static List<String> artifacts(Pattern pattern, String xml) {
        return pattern.matcher(xml).results().map(found -> found.group(1)).toList();
    }

    @Test
    void thePropertiesOfTheExampleAreRead() throws Exception {
        var yaml = new YamlPropertiesFactoryBean();
        yaml.setResources(new ByteArrayResource(first(YAML_BLOCK).group(1).getBytes()));
        TokenwiseProperties properties = new Binder(new MapConfigurationPropertySource(Map.copyOf(yaml.getObject())))
                .bind("tokenwise", TokenwiseProperties.class)
                .get();
        assertThat(properties.model()).isEqualTo("minilm-acm");
        assertThat(properties.budget()).isEqualTo(0.7);
        assertThat(properties.queryBudget()).isEqualTo(0.5);
    }

    @Test
    void everyPropertyIsThere() throws Exception {
        String rows = Files.readAllLines(PAGE).stream()
                .filter(line -> line.startsWith("| `"))
                .collect(Collectors.joining("\n"));
        try (InputStream in =
                TokenwiseProperties.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            for (JsonNode property : JsonMapper.shared().readTree(in).get("properties")) {
                assertThat(rows).contains("`" + property.get("name").asString() + "`");
            }
        }
    }

    private static MatchResult first(Pattern pattern) throws Exception {
        return pattern.matcher(Files.readString(PAGE)).results().findFirst().orElseThrow();
    }
}
