package io.tokenwise.server;

import io.tokenwise.server.ServerOptions.Network;
import java.util.Locale;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;

/**
 * Who may call: those who have a token. Where none is wanted, at loopback, programs of the same machine; but browsers run pages there that anybody may have written. Such a page can call a
 * server by a name of its own that it has resolved to loopback, or send it a form without being asked; both are told by what the browser says of it. Thread-safe.
 */
final class Callers {
    private final Optional<BearerTokens> tokens;
    private final boolean keepsPagesOut;
    private final String host;

    /** @param tokens of which a request must have one; empty if none is needed */
    Callers(Network network, Optional<BearerTokens> tokens) {
        this.tokens = tokens;
        keepsPagesOut = tokens.isEmpty() && !network.insecure();
        host = network.host().toLowerCase(Locale.ROOT);
    }

    boolean haveToken(Request request) {
        return tokens.isEmpty() || tokens.get().allow(request.getHeaders().get(HttpHeader.AUTHORIZATION));
    }

    /** @throws ApiError 403 if a page of another server calls */
    void checkNoPage(Request request) {
        if (!keepsPagesOut) {
            return;
        }
        if (!isOfThisMachine(Request.getServerName(request).toLowerCase(Locale.ROOT))) {
            throw ApiError.of(
                    403,
                    "call this server by localhost or its address; for another name start it with --token-file or --insecure");
        }
        String origin = request.getHeaders().get(HttpHeader.ORIGIN);
        if (origin != null && !isOwn(origin, request)) {
            throw ApiError.of(
                    403, "pages of other servers may not call this one, unless it has --token-file or --insecure");
        }
    }

    /** What looks like an address is one: only names can be resolved to what their owner likes. */
    private boolean isOfThisMachine(String name) {
        return name.equals("localhost")
                || name.endsWith(".localhost")
                || name.equals(host)
                || name.contains(":")
                || name.matches("[0-9]+(\\.[0-9]+){3}");
    }

    /** Extensions of a browser, and programs that are made of one, have schemes of their own. */
    private static boolean isOwn(String origin, Request request) {
        if (!origin.equals("null") && !origin.startsWith("http://") && !origin.startsWith("https://")) {
            return true;
        }
        String authority = request.getHttpURI().getAuthority();
        return origin.substring(origin.indexOf(':') + 1).equalsIgnoreCase("//" + authority);
    }
}
