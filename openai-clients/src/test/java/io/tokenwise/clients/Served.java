package io.tokenwise.clients;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.server.ServerOptions;
import io.tokenwise.server.TokenwiseServer;
import java.io.IOException;
import java.util.List;

/** A server, and beside it the library that its vectors are compared with. */
record Served(TokenwiseServer server, TextEncoder encoder) implements AutoCloseable {
    static final String MODEL = "minilm-acm";
    static final List<String> TEXTS =
            List.of("How do I pay an invoice?", "Invoices are paid by bank transfer.", "Größe: 3 µm, 日本");

    static Served start() throws IOException {
        var server = TokenwiseServer.start(ServerOptions.of(0, MODEL));
        try {
            return new Served(server, TextEncoder.open(MODEL));
        } catch (Throwable e) {
            server.close();
            throw e;
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.port() + "/v1";
    }

    /** The library's vectors of the texts. */
    List<float[]> vectors(Budget budget) {
        return encoder.embed(TEXTS, budget).stream().map(Embedding::vector).toList();
    }

    int tokens() {
        return encoder.embed(TEXTS).stream().mapToInt(Embedding::tokens).sum();
    }

    @Override
    public void close() {
        encoder.close();
        server.close();
    }
}
