package io.tokenwise.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.model.embedding.EmbeddingModel;
import io.micronaut.context.ApplicationContext;
import io.tokenwise.recipes.quarkus.EmbeddingModels;
import jakarta.enterprise.inject.se.SeContainerInitializer;
import org.jboss.weld.proxy.WeldClientProxy;
import org.junit.jupiter.api.Test;

/** The recipes' beans in their containers: there, one for all, and closed at the end. */
class BeansTest {
    @Test
    void micronautInjectsAndCloses() {
        EmbeddingModel model;
        try (var context = ApplicationContext.run()) {
            model = context.getBean(EmbeddingModel.class);
            assertThat(context.getBean(EmbeddingModel.class)).isSameAs(model);
            assertThat(model.embed("How do I pay an invoice?").content().dimension())
                    .isEqualTo(384);
        }
        assertIsClosed(model);
    }

    @Test
    void cdiInjectsAndCloses() {
        Object model;
        var initializer =
                SeContainerInitializer.newInstance().disableDiscovery().addBeanClasses(EmbeddingModels.class);
        try (var container = initializer.initialize()) {
            EmbeddingModel proxy = container.select(EmbeddingModel.class).get();
            assertThat(proxy.embed("How do I pay an invoice?").content().dimension())
                    .isEqualTo(384);
            model = ((WeldClientProxy) proxy).getMetadata().getContextualInstance();
        }
        assertIsClosed((EmbeddingModel) model);
    }

    private static void assertIsClosed(EmbeddingModel model) {
        assertThatThrownBy(() -> model.embed("closed"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
