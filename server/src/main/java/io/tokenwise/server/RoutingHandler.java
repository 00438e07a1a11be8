package io.tokenwise.server;

import io.tokenwise.api.DeadlineException;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.observe.RequestListener;
import io.tokenwise.serving.OverloadedException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives each request to its route, and writes what comes of it. No thread waits meanwhile. */
final class RoutingHandler extends Handler.Abstract.NonBlocking {
    private static final Logger LOG = LoggerFactory.getLogger(RoutingHandler.class);

    private final Routes routes;
    private final Limits limits;
    private final Optional<BearerTokens> tokens;
    private final ServerState state;
    private final RequestListener listener;
    private final BytesInFlight inFlight;

    /** @param tokens of which a request must have one; empty if none is needed */
    RoutingHandler(
            Routes routes, Limits limits, Optional<BearerTokens> tokens, ServerState state, RequestListener listener) {
        this.routes = routes;
        this.limits = limits;
        this.tokens = tokens;
        this.state = state;
        this.listener = listener;
        this.inFlight = new BytesInFlight(limits.bodiesBytes());
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        String path = Request.getPathInContext(request);
        List<Routes.Entry> entries = routes.of(path);
        Routes.Entry entry = entry(entries, request.getMethod());
        boolean open = entry != null && entry.open();
        if (!open && !isAllowed(request)) {
            unauthorized(entries, response, callback);
        } else if (entry == null) {
            refuse(entries, response, callback);
        } else {
            run(entry, new Exchange(request, entry.rest(path), limits, inFlight), response, callback);
        }
        return true;
    }

    private boolean isAllowed(Request request) {
        return tokens.isEmpty() || tokens.get().allow(request.getHeaders().get(HttpHeader.AUTHORIZATION));
    }

    private void run(Routes.Entry entry, Exchange exchange, Response response, Callback callback) {
        Request request = exchange.request();
        WatchedEndPoint endPoint = WatchedConnector.endPoint(request);
        state.began();
        endPoint.began(exchange, request.getConnectionMetaData().getHttpVersion() == HttpVersion.HTTP_2);
        Request.addCompletionListener(request, failure -> {
            state.ended();
            endPoint.ended();
        });
        request.addFailureListener(failure -> exchange.gone());
        answer(entry.route(), exchange).whenComplete((reply, failure) -> {
            if (state.isDraining()) {
                // Of HTTP/2 Jetty leaves it out.
                response.getHeaders().put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE);
            }
            Optional<ApiError> error = Optional.ofNullable(failure).map(this::error);
            exchange.observation().ifPresent(known -> listener.served(known.end(error.map(Observation::failure))));
            if (error.isEmpty()) {
                write(reply, response, callback);
            } else {
                write(error.get(), entry.errors(), response, callback);
            }
        });
    }

    private static void unauthorized(List<Routes.Entry> entries, Response response, Callback callback) {
        response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer");
        ErrorForm form =
                entries.isEmpty() ? ErrorForm.OPENAI : entries.getFirst().errors();
        ApiError error = ApiError.of(401, "send a token of this server, as Authorization: Bearer TOKEN");
        write(error.withCode("invalid_api_key"), form, response, callback);
    }

    /** HEAD is answered like GET; Jetty leaves the body out. */
    private static Routes.Entry entry(List<Routes.Entry> entries, String method) {
        String wanted = method.equals("HEAD") ? "GET" : method;
        return entries.stream()
                .filter(entry -> entry.method().equals(wanted))
                .findFirst()
                .orElse(null);
    }

    private static void refuse(List<Routes.Entry> entries, Response response, Callback callback) {
        if (entries.isEmpty()) {
            write(ApiError.of(404, "there is nothing at this path"), ErrorForm.OPENAI, response, callback);
            return;
        }
        List<String> methods = entries.stream().map(Routes.Entry::method).toList();
        response.getHeaders().put(HttpHeader.ALLOW, String.join(", ", methods));
        write(
                ApiError.of(405, "use " + String.join(" or ", methods) + " for this path"),
                entries.getFirst().errors(),
                response,
                callback);
    }

    private static CompletableFuture<Reply> answer(Route route, Exchange exchange) {
        try {
            return route.handle(exchange);
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** What the client is told. What is not its own mistake is logged, and told in general words. */
    private ApiError error(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return switch (cause) {
            case ApiError error -> error;
            case OverloadedException overloaded ->
                ApiError.busy(429, "the server is overloaded: try again later", overloaded.retryAfter());
            case DeadlineException ignored ->
                ApiError.of(504, "the deadline has passed before the answer was computed");
            // Nobody is there to read it.
            case CancellationException ignored ->
                ApiError.of(503, "the request was cancelled").withCode(Observation.DROPPED);
            case IllegalStateException ignored when state.isDraining() -> ApiError.of(503, "the server is stopping");
            default -> {
                LOG.error("a request failed", cause);
                yield ApiError.of(500, "the server has failed; its log says why");
            }
        };
    }

    static void write(ApiError failed, ErrorForm form, Response response, Callback callback) {
        ApiError error = form.told(failed);
        Reply reply = Reply.json(error.status(), Json.bytes(form.body(error)));
        if (error.retryAfter() != null) {
            reply = retryAfter(reply, error.retryAfter());
        }
        write(reply, response, callback);
    }

    /** OpenAI's clients read the first, all others the second. */
    private static Reply retryAfter(Reply reply, Duration wait) {
        long millis = Math.max(1, wait.toMillis());
        return reply.with("retry-after-ms", Long.toString(millis))
                .with("retry-after", Long.toString(Math.ceilDiv(millis, 1000)));
    }

    private static void write(Reply reply, Response response, Callback callback) {
        response.setStatus(reply.status());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, reply.contentType());
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, reply.body().length);
        for (Map.Entry<String, String> header : reply.headers().entrySet()) {
            response.getHeaders().put(header.getKey(), header.getValue());
        }
        response.write(true, ByteBuffer.wrap(reply.body()), callback);
    }
}
