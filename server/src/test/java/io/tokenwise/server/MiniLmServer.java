package io.tokenwise.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives tests a server of minilm-acm, one for all: it takes seconds until it is warm. */
final class MiniLmServer implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TokenwiseServer.class;
    }

    /** JUnit closes it after the last test. */
    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot()
                .getStore(Namespace.create(MiniLmServer.class))
                .getOrComputeIfAbsent(TokenwiseServer.class, key -> started(), TokenwiseServer.class);
    }

    private static TokenwiseServer started() {
        try {
            return TokenwiseServer.start(ServerOptions.of(0, "minilm-acm"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
