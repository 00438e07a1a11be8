package io.tokenwise.server;

import io.tokenwise.testmodels.SmallMoonshine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** One server of a text, an image and a speech model for all tests that change nothing of it: to open and measure them takes seconds. */
final class SharedServer implements ParameterResolver {
    /** The name of the small speech model. */
    static final String SPEECH = "small-speech";

    /** Closed after the last test of this JVM. */
    record Running(TokenwiseServer server, Path speech) implements AutoCloseable {
        private static Running start() {
            try {
                Path speech = Files.createTempDirectory("tokenwise-server-test").resolve(SPEECH);
                SmallMoonshine.write(speech);
                var options = ServerOptions.of(0, "minilm-acm", "vit-cifar10-acm", speech.toString());
                return new Running(TokenwiseServer.start(options), speech);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        int port() {
            return server.port();
        }

        @Override
        public void close() throws IOException {
            server.close();
            try (var files = Files.walk(speech.getParent())) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Running.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        // Of the session: surefire gives each class that it runs a root of its own.
        return context.getStore(ExtensionContext.StoreScope.LAUNCHER_SESSION, ExtensionContext.Namespace.GLOBAL)
                .getOrComputeIfAbsent(Running.class, ignored -> Running.start());
    }
}
