package io.tokenwise.server;

import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.server.Response;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A line for each request: who, what, status, bytes, milliseconds, the model that was asked, and the budget of what was computed. No header and no query, which may hold secrets, and nothing of texts. */
final class AccessLog implements RequestLog {
    private static final Logger LOG = LoggerFactory.getLogger("io.tokenwise.server.access");

    /** The attribute of a request that says which model it is for, once that is known. */
    static final String MODEL = "io.tokenwise.server.model";

    @Override
    public void log(Request request, Response response) {
        long nanos = System.nanoTime() - request.getBeginNanoTime();
        LOG.info(
                "{} {} {} {} {} bytes {} ms{}{}",
                Request.getRemoteAddr(request),
                request.getMethod(),
                printable(Request.getPathInContext(request)),
                response.getStatus(),
                Response.getContentBytesWritten(response),
                TimeUnit.NANOSECONDS.toMicros(nanos) / 1000.0,
                model(request),
                budget(response));
    }

    private static String model(Request request) {
        return request.getAttribute(MODEL) instanceof String model ? " model " + printable(model) : "";
    }

    /** As the answer's headers have it. */
    private static String budget(Response response) {
        String budget = response.getHeaders().get(BudgetAsk.HEADER);
        return budget == null ? "" : " budget " + budget;
    }

    /** Strangers must not write lines of their own, and each value is one word. */
    private static String printable(String text) {
        return text.replaceAll("[^\\x21-\\x7e]", "?");
    }
}
