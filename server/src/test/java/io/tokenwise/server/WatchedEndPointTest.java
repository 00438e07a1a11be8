package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.junit.jupiter.api.Test;

/** How long a request's head is waited for. */
class WatchedEndPointTest {
    @Test
    void onlyWhileTheServerWaitsTheClientIsSlow() throws Exception {
        try (ServerSocketChannel server =
                        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                SocketChannel client = SocketChannel.open(server.getLocalAddress());
                SocketChannel accepted = server.accept()) {
            var endPoint = new WatchedEndPoint(accepted, null, null, new ScheduledExecutorScheduler(), Runnable::run);
            client.write(ByteBuffer.wrap(new byte[] {'G'}));
            assertThat(endPoint.fill(BufferUtil.allocate(10))).isEqualTo(1);
            for (int i = 0; i < 10; i++) {
                endPoint.closeIfSlow(2);
            }
            assertThat(endPoint.isOpen()).isTrue();
            endPoint.fillInterested(Callback.NOOP);
            endPoint.closeIfSlow(2);
            endPoint.closeIfSlow(2);
            assertThat(endPoint.isOpen()).isTrue();
            endPoint.closeIfSlow(2);
            assertThat(endPoint.isOpen()).isFalse();
        }
    }
}
