package io.tokenwise.server;

import org.eclipse.jetty.io.Content;

/** A body that is read up to a size; past it, and after {@link #stop}, reading it fails. For one reader. */
final class LimitedSource implements Content.Source {
    private final Content.Source source;
    private final long mostBytes;
    private long bytes;
    private volatile ApiError stopped;

    LimitedSource(Content.Source source, long mostBytes) {
        this.source = source;
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
        bytes += chunk.remaining();
        if (bytes <= mostBytes) {
            return chunk;
        }
        chunk.release();
        stopped = ApiError.of(413, "the body is larger than " + mostBytes + " bytes");
        return Content.Chunk.from(stopped);
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
