package io.tokenwise.server;

import org.eclipse.jetty.io.Content;

/** A body that is read up to a size, and as long as there is room for it; past that, and after {@link #stop}, reading it fails. For one reader. */
final class LimitedSource implements Content.Source {
    private final Content.Source source;
    private final long mostBytes;
    private final BytesInFlight.Held held;
    private volatile ApiError stopped;

    LimitedSource(Content.Source source, long mostBytes, BytesInFlight.Held held) {
        this.source = source;
        this.held = held;
        this.mostBytes = mostBytes;
    }

    /** Makes who reads, or waits to read, fail with this. */
    void stop(ApiError error) {
        stopped = error;
        source.fail(error);
    }

    @Override
    public Content.Chunk read() {
        if (stopped != null) {
            return Content.Chunk.from(stopped);
        }
        Content.Chunk chunk = source.read();
        if (chunk == null || Content.Chunk.isFailure(chunk)) {
            return chunk;
        }
        if (!held.take(chunk.remaining())) {
            return failed(chunk, BytesInFlight.full());
        }
        if (held.taken() > mostBytes) {
            return failed(chunk, tooLarge(mostBytes));
        }
        return chunk;
    }

    private Content.Chunk failed(Content.Chunk chunk, ApiError error) {
        chunk.release();
        stopped = error;
        return Content.Chunk.from(error);
    }

    static ApiError tooLarge(long mostBytes) {
        return ApiError.of(413, "the body is larger than " + mostBytes + " bytes: send less in one request");
    }

    @Override
    public void demand(Runnable demand) {
        source.demand(demand);
    }

    @Override
    public void fail(Throwable failure) {
        source.fail(failure);
    }
}
