package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.EngineOptions;
import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.devtools.restart.classloader.RestartClassLoader;

/** Devtools start an application again in a new class loader, which may have the engine in it: its native libraries are then loaded once more. */
class RestartTest {
    private static final String TEXT = "The cat sat on the mat.";

    /** What runs within a class loader: an application that starts and embeds; the caller closes it. */
    public static final class Start implements Callable<Object[]> {
        @EnableAutoConfiguration
        static class Application {}

        @Override
        public Object[] call() {
            assertThat(TextEncoder.class.getClassLoader()).isInstanceOf(RestartClassLoader.class);
            var context = new SpringApplicationBuilder(Application.class)
                    .web(WebApplicationType.NONE)
                    .properties("tokenwise.threads=1")
                    .run();
            return new Object[] {context, context.getBean(EmbeddingModel.class).embed(TEXT)};
        }
    }

    @Test
    void anApplicationStartsAgainInANewClassLoaderAndBesideAnotherOne() throws Exception {
        float[] before;
        Object[] first = start();
        try (var context = (AutoCloseable) first[0]) {
            assertThat(context).isNotNull();
            before = (float[]) first[1];
        }
        Object[] second = start();
        try (var context = (AutoCloseable) second[0];
                var here =
                        TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1))) {
            assertThat(context).isNotNull();
            assertThat((float[]) second[1]).containsExactly(before);
            assertThat(here.embed(TEXT).vector()).containsExactly(before);
        }
    }

    private static Object[] start() throws Exception {
        var loader = new RestartClassLoader(RestartTest.class.getClassLoader(), ours());
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(loader);
        try {
            var start = loader.loadClass(Start.class.getName()).getConstructor().newInstance();
            return (Object[]) ((Callable<?>) start).call();
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    /** The modules of Tokenwise: folders while Maven tests, jars later. All else is the parent loader's. */
    private static URL[] ours() throws MalformedURLException {
        var paths = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(path ->
                        Files.isDirectory(path) || path.getFileName().toString().startsWith("tokenwise-"))
                .toList();
        var urls = new URL[paths.size()];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = paths.get(i).toUri().toURL();
        }
        return urls;
    }
}
