package io.tokenwise.server;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** What is answered to requests that no route sees, because they are no good HTTP. Jetty's own pages would show stacks. */
final class HttpErrors implements Request.Handler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        // Where a request is bad, what follows it may not be what its sender believes.
        response.getHeaders().put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE);
        RoutingHandler.write(ApiError.of(status, message(status)), ErrorForm.OPENAI, response, callback);
        return true;
    }

    private static String message(int status) {
        return switch (status) {
            case 400 -> "the request is no well-formed HTTP";
            case 408 -> "the request has not come in time";
            case 414 -> "the request's first line is too long";
            case 417 -> "expect nothing but 100-continue";
            case 431 -> "the request's headers are too large";
            case 501 -> "the request has a transfer coding that this server does not know";
            case 505 -> "use HTTP/1.1 or HTTP/2";
            default -> status >= 500 ? "the server has failed; its log says why" : "the request cannot be answered";
        };
    }
}
