package io.tokenwise.server;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.MultiPartConfig;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Attributes;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.thread.Invocable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a multipart form as it comes, without a thread that waits: up to a size, within a time. What is large goes to temporary files. */
final class FormReading {
    private static final Logger LOG = LoggerFactory.getLogger(FormReading.class);

    /** Of headers of a part. */
    private static final int HEADER_BYTES = 4_096;

    private static final int MOST_PARTS = 32;

    /** Parts above it become files. */
    private static final int MEMORY_BYTES = 64 << 10;

    private FormReading() {}

    /**
     * Starts to read.
     *
     * @param most time for it, as {@link BodyArrival} counts
     * @param held what this request takes of what all may take together
     * @return the parts, to be closed; failed with {@link ApiError} 400, 408, 413, 500 or 503
     */
    static CompletableFuture<MultiPartFormData.Parts> of(
            Request request, long mostBytes, Duration most, BytesInFlight.Held held) {
        String type = request.getHeaders().get(HttpHeader.CONTENT_TYPE);
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")) {
            throw ApiError.of(415, "send a form, with the header Content-Type: multipart/form-data");
        }
        if (request.getLength() > mostBytes) {
            throw LimitedSource.tooLarge(mostBytes);
        }
        var parts = new CompletableFuture<MultiPartFormData.Parts>();
        var source = new LimitedSource(request, mostBytes, held);
        BodyArrival.watch(request.getComponents().getScheduler(), most, held::taken, parts, error -> {
            parts.completeExceptionally(error);
            source.stop(error);
        });
        read(source, type, mostBytes, parts);
        return parts;
    }

    /** The parts of a body of that type. */
    static void read(
            Content.Source source, String type, long mostBytes, CompletableFuture<MultiPartFormData.Parts> parts) {
        try {
            MultiPartFormData.onParts(
                    source,
                    // Not the request: Jetty would look for the parts there in the end, and log those that failed.
                    new Attributes.Mapped(),
                    type,
                    config(mostBytes),
                    Promise.Invocable.from(Invocable.InvocationType.NON_BLOCKING, (got, failure) -> {
                        if (failure != null) {
                            parts.completeExceptionally(told(failure));
                        } else if (!parts.complete(got)) {
                            got.close();
                        }
                    }));
        } catch (IllegalArgumentException e) {
            // A header whose quotes do not end.
            parts.completeExceptionally(told(e));
        }
    }

    private static MultiPartConfig config(long mostBytes) {
        return new MultiPartConfig.Builder()
                .location(Path.of(System.getProperty("java.io.tmpdir")))
                .maxParts(MOST_PARTS)
                .maxSize(mostBytes)
                .maxPartSize(mostBytes)
                .maxMemoryPartSize(MEMORY_BYTES)
                .maxHeadersSize(HEADER_BYTES)
                .build();
    }

    /** A full disk is an IOException of no kind of its own. Connections break with kinds of theirs. */
    private static boolean isOfFile(Throwable cause) {
        return cause instanceof FileSystemException || cause.getClass() == IOException.class;
    }

    /** What the client is told. */
    private static ApiError told(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ApiError error) {
                return error;
            }
            if (isOfFile(cause)) {
                LOG.error("a form cannot be stored in the folder for temporary files", failure);
                return ApiError.of(500, "the server cannot store the form; its log says why");
            }
        }
        return ApiError.of(
                400,
                "the body is no form: it must be multipart/form-data with its boundary, at most " + MOST_PARTS
                        + " parts, and headers of at most " + HEADER_BYTES + " bytes a part");
    }
}
