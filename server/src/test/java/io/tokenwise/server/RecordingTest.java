package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.audio.Sound;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RecordingTest {
    /** Sound of silence, whose reads wait for the test. */
    private static final class SlowSound implements Sound {
        private final CountDownLatch began = new CountDownLatch(1);
        private final CountDownLatch mayEnd = new CountDownLatch(1);
        private volatile boolean isRead;

        @Override
        public int rateHz() {
            return 8_000;
        }

        @Override
        public int read(float[] into, int offset, int count) {
            isRead = true;
            began.countDown();
            try {
                assertThat(mayEnd.await(1, TimeUnit.MINUTES)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            isRead = false;
            return count;
        }
    }

    @Test
    void isNotClosedInTheMiddleOfARead() throws Exception {
        var sound = new SlowSound();
        var readWhenClosed = new CompletableFuture<Boolean>();
        var recording = new Recording(sound, () -> readWhenClosed.complete(sound.isRead));
        var reader = CompletableFuture.supplyAsync(() -> read(recording));
        sound.began.await();
        Thread closer = Thread.ofPlatform().start(() -> close(recording));
        while (!List.of(Thread.State.BLOCKED, Thread.State.WAITING, Thread.State.TERMINATED)
                .contains(closer.getState())) {
            Thread.sleep(1);
        }
        sound.mayEnd.countDown();

        assertThat(readWhenClosed.get(1, TimeUnit.MINUTES)).isFalse();
        assertThat(reader.get(1, TimeUnit.MINUTES)).isEqualTo(80);
        assertThat(recording.seconds()).isEqualTo(0.01);
        assertThatThrownBy(() -> recording.read(new float[1], 0, 1)).isInstanceOf(IOException.class);
    }

    private static int read(Recording recording) {
        try {
            return recording.read(new float[80], 0, 80);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void close(Recording recording) {
        try {
            recording.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
