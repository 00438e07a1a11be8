package io.tokenwise.server;

import io.tokenwise.api.Deadline;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.server.observe.ServedRequest.TraceContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.MimeTypes;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.server.Request;

/** A request, as routes see it, that waits for its answer. A route calls it from one thread at a time. */
final class Exchange {
    /** How long an answer is waited for, in milliseconds; a client's own header. */
    static final String DEADLINE_HEADER = "x-tokenwise-deadline-ms";

    private static final int MOST_DEADLINE_MILLIS = 600_000;

    private final Request request;
    private final String pathRest;
    private final Limits limits;
    private final BytesInFlight.Held held;

    /** What is computed for it. Guarded by itself. */
    private final List<Future<?>> work = new ArrayList<>();

    private boolean gone;
    private Observation observation;

    /** @param pathRest what of the path stands in the place of a route's {@code *}, or empty */
    Exchange(Request request, String pathRest, Limits limits, BytesInFlight inFlight) {
        this.request = request;
        this.pathRest = pathRest;
        this.limits = limits;
        held = inFlight.of(request);
    }

    /** What of the path stands in the place of the route's {@code *}, or empty. */
    String pathRest() {
        return pathRest;
    }

    private Optional<String> header(String name) {
        return Optional.ofNullable(request.getHeaders().get(name));
    }

    /**
     * One of our own headers.
     *
     * @throws ApiError 400 if it is there twice: which one would count?
     */
    Optional<String> ownHeader(String name) {
        List<String> values = request.getHeaders().getValuesList(name);
        if (values.size() > 1) {
            throw ApiError.field(name, name + " is there " + values.size() + " times: send it once");
        }
        return values.stream().findFirst();
    }

    /** Has the request counted, as one for this. */
    Observation observe(Operation operation) {
        var trace = new TraceContext(
                header("traceparent").orElse(null), header("tracestate").orElse(null));
        observation = new Observation(operation, trace, arrivedNanos());
        return observation;
    }

    /** What is known of the request, if it is to be counted. */
    Optional<Observation> observation() {
        return Optional.ofNullable(observation);
    }

    /** The model that it is for is known: the access log names it. */
    void isFor(ServedModel model) {
        request.setAttribute(AccessLog.MODEL, model.name());
    }

    /** Jetty's own request, for what this class has not. */
    Request request() {
        return request;
    }

    /** Where answers are written that are ready on the queue's threads, which have other work. */
    Executor executor() {
        return request.getComponents().getExecutor();
    }

    /** When the request arrived, as {@link System#nanoTime}. */
    long arrivedNanos() {
        return request.getBeginNanoTime();
    }

    /**
     * When the client gives up, by its header.
     *
     * @throws ApiError 400 if that is no number of milliseconds
     */
    Deadline deadline() {
        Optional<String> header = ownHeader(DEADLINE_HEADER);
        if (header.isEmpty()) {
            return Deadline.NONE;
        }
        if (!header.get().matches("[0-9]{1,6}")
                || Integer.parseInt(header.get()) > MOST_DEADLINE_MILLIS
                || Integer.parseInt(header.get()) < 1) {
            throw ApiError.field(
                    DEADLINE_HEADER,
                    DEADLINE_HEADER + " must be a whole number of milliseconds from 1 to " + MOST_DEADLINE_MILLIS);
        }
        Duration left = Duration.ofMillis(Integer.parseInt(header.get()));
        return Deadline.in(left.minusNanos(System.nanoTime() - arrivedNanos()));
    }

    /**
     * The body's bytes.
     *
     * @return failed with {@link ApiError} if there are more than {@code mostBytes} or they come too slowly
     */
    CompletableFuture<byte[]> body(long mostBytes) {
        return BodyReading.of(request, mostBytes, limits.arrival(), held);
    }

    /**
     * The body as a form, to be closed.
     *
     * @return failed with {@link ApiError} as {@link #body}, and if it is none
     */
    CompletableFuture<MultiPartFormData.Parts> form(long mostBytes) {
        requirePlain();
        return FormReading.of(request, mostBytes, limits.arrival(), held);
    }

    /**
     * The body as a JSON object.
     *
     * @return failed with {@link ApiError} if it is none, or not sent as {@code application/json}: a page of a browser can send all else
     *     to other hosts without being asked
     */
    CompletableFuture<Fields> json() {
        String type = request.getHeaders().get(HttpHeader.CONTENT_TYPE);
        if (type == null || !"application/json".equalsIgnoreCase(MimeTypes.getContentTypeWithoutCharset(type))) {
            throw ApiError.of(415, "send JSON, with the header Content-Type: application/json");
        }
        requirePlain();
        return body(limits.bodyBytes()).thenApply(bytes -> new Fields(Json.object(bytes)));
    }

    /** @throws ApiError 415 if the body is packed, which would be read as if it were not */
    private void requirePlain() {
        List<String> encodings = request.getHeaders().getValuesList(HttpHeader.CONTENT_ENCODING);
        if (!encodings.stream().allMatch("identity"::equalsIgnoreCase)) {
            throw ApiError.of(415, "send the body as it is, without Content-Encoding: none is read here");
        }
    }

    /** @throws ApiError 503 if there is no room for the answer until its client has taken it */
    void hold(Reply answer) {
        if (!held.takeAnswer(answer.body().length)) {
            throw BytesInFlight.full();
        }
    }

    /** Cancels what is computed for the request if its client goes away before. */
    void cancelWhenGone(Future<?> future) {
        synchronized (work) {
            work.add(future);
            if (!gone) {
                return;
            }
        }
        future.cancel(false);
    }

    /** The client has gone: nobody wants the answer. */
    void gone() {
        List<Future<?>> futures;
        synchronized (work) {
            gone = true;
            futures = List.copyOf(work);
        }
        futures.forEach(future -> future.cancel(false));
    }
}
