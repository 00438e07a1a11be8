package io.tokenwise.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What devtools and Quarkus' dev mode do: all of the adapter again in another class loader, native library included. */
class ClassLoadersTest {
    /** The JVM loads the library that is kept there for one class loader only; with another backend vectors would differ. */
    @Test
    void alsoWhereTheLibraryIsKept(@TempDir Path cache) throws Exception {
        System.setProperty("tokenwise.cache", cache.toString());
        try {
            aSecondClassLoaderOpensTheModelBesideTheFirstAndAfterIt();
        } finally {
            System.clearProperty("tokenwise.cache");
        }
    }

    @Test
    void aSecondClassLoaderOpensTheModelBesideTheFirstAndAfterIt() throws Exception {
        float[] first;
        try (var loader = newLoader();
                var model = open(loader)) {
            first = embed(model);
            try (var second = newLoader();
                    var beside = open(second)) {
                assertThat(beside.getClass()).isNotEqualTo(model.getClass());
                assertThat(embed(beside)).isEqualTo(first);
            }
            assertThat(embed(model)).isEqualTo(first);
        }
        try (var loader = newLoader();
                var model = open(loader)) {
            assertThat(embed(model)).isEqualTo(first);
        }
    }

    private static URLClassLoader newLoader() {
        String[] entries = System.getProperty("java.class.path").split(File.pathSeparator);
        URL[] urls = Arrays.stream(entries).map(ClassLoadersTest::url).toArray(URL[]::new);
        return new URLClassLoader(urls, ClassLoader.getPlatformClassLoader());
    }

    private static URL url(String entry) {
        try {
            return Path.of(entry).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new UncheckedIOException((IOException) e);
        }
    }

    private static AutoCloseable open(ClassLoader loader) throws ReflectiveOperationException {
        Class<?> type = loader.loadClass(TokenwiseEmbeddingModel.class.getName());
        Object builder = type.getMethod("builder").invoke(null);
        builder.getClass().getMethod("modelName", String.class).invoke(builder, "minilm-acm");
        return (AutoCloseable) builder.getClass().getMethod("build").invoke(builder);
    }

    private static float[] embed(Object model) throws ReflectiveOperationException {
        Object response = model.getClass().getMethod("embed", String.class).invoke(model, "How do I pay an invoice?");
        Object embedding = response.getClass().getMethod("content").invoke(response);
        return (float[]) embedding.getClass().getMethod("vector").invoke(embedding);
    }
}
