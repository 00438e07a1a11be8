package io.tokenwise.server;

import io.tokenwise.api.DeadlineException;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.observe.RequestListener;
import io.tokenwise.server.observe.ServedRequest;
import io.tokenwise.serving.OverloadedException;
import io.tokenwise.serving.TooLargeException;
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

    /** Bodies above it are lists of texts. To understand them takes milliseconds, in which the thread that waits for all connections must not be away. */
    private static final int LARGE_BYTES = 16 << 10;

    private final Routes routes;
    private final Limits limits;
    private final Callers callers;
    private final ServerState state;
    private final RequestListener listener;
    private final BytesInFlight inFlight;

    RoutingHandler(Routes routes, Limits limits, Callers callers, ServerState state, RequestListener listener) {
        this.routes = routes;
        this.limits = limits;
        this.callers = callers;
        this.state = state;
        this.listener = listener;
        this.inFlight = new BytesInFlight(limits.bodiesBytes());
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        String path = Request.getPathInContext(request);
        List<Routes.Entry> entries = routes.of(path);
        Routes.Entry entry = entry(entries, request.getMethod());
        var exchange = new Exchange(request, entry == null ? "" : entry.rest(path), limits, inFlight);
        follow(exchange);
        boolean open = entry != null && entry.open();
        if (!open && !callers.haveToken(request)) {
            unauthorized(entries, request, response, callback);
        } else if (entry == null) {
            noRoute(entries, request, response, callback);
        } else if (isLarge(request)) {
            exchange.executor().execute(() -> run(entry, exchange, response, callback));
        } else {
            run(entry, exchange, response, callback);
        }
        return true;
    }

    private static boolean isLarge(Request request) {
        return request.getLength() > LARGE_BYTES || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING);
    }

    /** Until it is answered. */
    private void follow(Exchange exchange) {
        Request request = exchange.request();
        WatchedEndPoint endPoint = WatchedConnector.endPoint(request);
        state.began();
        endPoint.began(exchange, request.getConnectionMetaData().getHttpVersion() == HttpVersion.HTTP_2);
        Request.addCompletionListener(request, failure -> {
            state.ended();
            endPoint.ended();
        });
        request.addFailureListener(failure -> exchange.gone());
        // Else Jetty fails requests that take longer than connections may be idle.
        request.addIdleTimeoutListener(timeout -> false);
    }

    private void run(Routes.Entry entry, Exchange exchange, Response response, Callback callback) {
        answer(entry.route(), exchange)
                .handle((reply, failure) -> {
                    if (state.isDraining()) {
                        // Of HTTP/2 Jetty leaves it out.
                        response.getHeaders().put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE);
                    }
                    Optional<ApiError> error = Optional.ofNullable(failure).map(this::error);
                    exchange.observation().ifPresent(known -> tell(known.end(error.map(Observation::failure))));
                    if (error.isEmpty()) {
                        write(reply, response, true, callback);
                    } else {
                        refuse(error.get(), entry.errors(), exchange.request(), response, callback);
                    }
                    return reply;
                })
                // No mistake of ours leaves a client without an answer.
                .exceptionally(mistake -> {
                    LOG.error("a request could not be answered", mistake);
                    callback.failed(mistake);
                    return null;
                });
    }

    /** A listener's mistake is not the client's, who waits for the answer. */
    private void tell(ServedRequest served) {
        try {
            listener.served(served);
        } catch (RuntimeException | Error e) {
            LOG.error("a request could not be told of", e);
        }
    }

    /** An error may be ready before the body has come. */
    private static void refuse(ApiError error, ErrorForm form, Request request, Response response, Callback callback) {
        var rest = new LateBody(request, callback);
        // After a 408 somebody waits for the body already, in vain.
        if (error.status() == 408 || rest.hasCome()) {
            write(error, form, response, callback);
        } else {
            write(reply(error, form), response, false, Callback.from(rest::forget, callback::failed));
        }
    }

    private static void unauthorized(
            List<Routes.Entry> entries, Request request, Response response, Callback callback) {
        response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer");
        ErrorForm form =
                entries.isEmpty() ? ErrorForm.OPENAI : entries.getFirst().errors();
        ApiError error = ApiError.of(401, "send a token of this server, as Authorization: Bearer TOKEN");
        refuse(error.withCode("invalid_api_key"), form, request, response, callback);
    }

    /** HEAD is answered like GET; Jetty leaves the body out. */
    private static Routes.Entry entry(List<Routes.Entry> entries, String method) {
        String wanted = method.equals("HEAD") ? "GET" : method;
        return entries.stream()
                .filter(entry -> entry.method().equals(wanted))
                .findFirst()
                .orElse(null);
    }

    private static void noRoute(List<Routes.Entry> entries, Request request, Response response, Callback callback) {
        if (entries.isEmpty()) {
            refuse(
                    ApiError.of(
                            404,
                            "there is nothing at this path: OpenAI's are below /v1, such as /v1/embeddings, all are in docs/serving.md"),
                    ErrorForm.OPENAI,
                    request,
                    response,
                    callback);
            return;
        }
        List<String> methods = entries.stream().map(Routes.Entry::method).toList();
        response.getHeaders().put(HttpHeader.ALLOW, String.join(", ", methods));
        refuse(
                ApiError.of(405, "use " + String.join(" or ", methods) + " for this path"),
                entries.getFirst().errors(),
                request,
                response,
                callback);
    }

    private CompletableFuture<Reply> answer(Route route, Exchange exchange) {
        try {
            callers.checkNoPage(exchange.request());
            return route.handle(exchange).thenApply(reply -> {
                exchange.hold(reply);
                return reply;
            });
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
            case TooLargeException large -> ApiError.of(413, large.getMessage() + ": send less in one request");
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

    static void write(ApiError error, ErrorForm form, Response response, Callback callback) {
        write(reply(error, form), response, true, callback);
    }

    private static Reply reply(ApiError failed, ErrorForm form) {
        ApiError error = form.told(failed);
        Reply reply = Reply.json(error.status(), Json.bytes(form.body(error)));
        if (error.status() == 504) {
            // OpenAI's clients would ask again, twice, for what they said comes too late.
            return reply.with("x-should-retry", "false");
        }
        return error.retryAfter() == null ? reply : retryAfter(reply, error.retryAfter());
    }

    /** OpenAI's clients read the first, all others the second. */
    private static Reply retryAfter(Reply reply, Duration wait) {
        long millis = Math.max(1, wait.toMillis());
        return reply.with("retry-after-ms", Long.toString(millis))
                .with("retry-after", Long.toString(Math.ceilDiv(millis, 1000)));
    }

    /** @param last whether the request is then done with */
    private static void write(Reply reply, Response response, boolean last, Callback callback) {
        response.setStatus(reply.status());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, reply.contentType());
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, reply.body().length);
        for (Map.Entry<String, String> header : reply.headers().entrySet()) {
            response.getHeaders().put(header.getKey(), header.getValue());
        }
        response.write(last, ByteBuffer.wrap(reply.body()), callback);
    }
}
