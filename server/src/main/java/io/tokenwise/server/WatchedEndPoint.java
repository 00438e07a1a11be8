package io.tokenwise.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Executor;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * A connection of which can be asked whether its client is still there, while a request waits for its answer: Jetty reads nothing then, and so would not
 * notice. It also knows how long a request's head has been waited for.
 */
final class WatchedEndPoint extends SocketChannelEndPoint {
    private static final int MOST_AHEAD = 128;

    private final Executor executor;

    /** Guards what is below; held while the channel is read. */
    private final Object lock = new Object();

    /** What was read to see whether the client is there, and belongs to its next request, or is TLS's goodbye before the end. */
    private final ByteBuffer ahead = ByteBuffer.allocate(MOST_AHEAD).limit(0);

    /** The request of HTTP/1 that is being answered, or null. */
    private Exchange exchange;

    /** Whether a byte of the next request's head has come. */
    private boolean headBegun;

    /** How often, since then, the rest was found to be waited for. */
    private int waits;

    /** HTTP/2 reads all the time, and has many requests at once. */
    private boolean isMultiplexed;

    WatchedEndPoint(
            SocketChannel channel, ManagedSelector selector, SelectionKey key, Scheduler scheduler, Executor executor) {
        super(channel, selector, key, scheduler);
        this.executor = executor;
    }

    /** A request's head has come. */
    void began(Exchange request, boolean multiplexed) {
        synchronized (lock) {
            isMultiplexed = multiplexed;
            exchange = multiplexed ? null : request;
            headBegun = false;
        }
    }

    /** It is answered. */
    void ended() {
        synchronized (lock) {
            exchange = null;
            headBegun = false;
        }
    }

    /** Cancels the request that is being answered if its client has gone. A client that has only closed its own side counts as gone: one cannot tell. */
    void cancelIfGone() {
        Exchange left;
        synchronized (lock) {
            if (exchange == null || isFillInterested() || !isGone()) {
                return;
            }
            left = exchange;
        }
        left.gone();
    }

    /** Reads what there is, as long as there is room. */
    private boolean isGone() {
        try {
            ahead.compact();
            int read = getChannel().read(ahead);
            ahead.flip();
            if (read > 0 && isFillInterested()) {
                tellAhead();
            }
            return read < 0;
        } catch (IOException e) {
            ahead.limit(0);
            return true;
        }
    }

    /**
     * Called now and then: closes the connection if the rest of a request's head was waited for more often. Counted, not timed: what has come but was not read, because this machine
     * or process stood still, is not the client's fault.
     */
    void closeIfSlow(long mostWaits) {
        synchronized (lock) {
            if (isMultiplexed || exchange != null || !headBegun || !isFillInterested() || ++waits <= mostWaits) {
                return;
            }
        }
        close();
    }

    @Override
    public int fill(ByteBuffer buffer) throws IOException {
        synchronized (lock) {
            int filled = ahead.hasRemaining() ? fillAhead(buffer) : super.fill(buffer);
            if (filled > 0 && !headBegun) {
                headBegun = true;
                waits = 0;
            }
            return filled;
        }
    }

    private int fillAhead(ByteBuffer buffer) {
        int position = BufferUtil.flipToFill(buffer);
        try {
            return BufferUtil.put(ahead, buffer);
        } finally {
            BufferUtil.flipToFlush(buffer, position);
        }
    }

    @Override
    public void fillInterested(Callback callback) {
        super.fillInterested(callback);
        tellIfAhead();
    }

    @Override
    public boolean tryFillInterested(Callback callback) {
        boolean registered = super.tryFillInterested(callback);
        tellIfAhead();
        return registered;
    }

    /** The selector knows only of what is still in the socket. */
    private void tellIfAhead() {
        synchronized (lock) {
            if (ahead.hasRemaining()) {
                tellAhead();
            }
        }
    }

    private void tellAhead() {
        executor.execute(() -> getFillInterest().fillable());
    }
}
