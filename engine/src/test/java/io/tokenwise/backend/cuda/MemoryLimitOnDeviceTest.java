package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A device with too little memory, whichever allocation does not fit: one line that says how much was asked for and what is free. */
class MemoryLimitOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryLimitOnDeviceTest.class);
    private static final Pattern MESSAGE = Pattern.compile(
            "(?:workspace: )?cuda device tokenwise fake device .* has no (\\d+) bytes of memory left: (\\d+) of (\\d+) are free");

    private static final long PLENTY = 1L << 32;

    /** By which gates keep most on the device. */
    private static final Budget HARD = Budget.hard(0.7);

    private static final List<int[]> SMALLER = TinyModels.texts(3, 2);

    @TempDir
    Path folder;

    private final FakeControls controls = FakeDevice.start();

    /** Up to where allocations were refused. */
    private long refusedAt;

    private float[][] run(ModelFiles files) {
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                Encoder encoder = Encoder.load(files, device)) {
            return TinyModels.encode(encoder);
        }
    }

    /** From nothing on, always to where the next allocation just fits, and one byte below it: there is no other size at which something else would fail. */
    @Test
    void eachSizeBetweenNothingAndEnough() throws IOException {
        try (ModelFiles files = TinyModels.write(folder).files(TinyModels.ADAPTIVE)) {
            float[][] expected = run(files);
            long enough = controls.counts().bytesMost();
            long limit = 0;
            int sizes = 0;
            while (limit < enough) {
                long missing = missing(files, limit);
                if (missing > 1) {
                    assertThat(missing(files, limit + missing - 1)).isEqualTo(1);
                }
                limit += missing;
                sizes++;
            }
            LOG.info("{} sizes between nothing and {} bytes", sizes, limit);
            assertThat(limit).isEqualTo(enough);
            controls.memoryLimit(limit);
            assertThat(run(files)).isDeepEqualTo(expected);
        }
    }

    /** By so many bytes too little is free for the allocation that fails. */
    private long missing(ModelFiles files, long limit) {
        controls.memoryLimit(limit);
        long missing = missing(() -> run(files), limit);
        assertThat(controls.leaks()).isEmpty();
        assertThat(controls.counts().bytesLive()).isZero();
        return missing;
    }

    /** @param told what the device had when it was opened */
    private long missing(ThrowingCallable work, long told) {
        var missing = new long[1];
        assertThatIllegalStateException().isThrownBy(work).satisfies(e -> {
            Matcher message = MESSAGE.matcher(e.getMessage());
            assertThat(message.matches()).as(e.getMessage()).isTrue();
            assertThat(Long.parseLong(message.group(3))).isEqualTo(told);
            missing[0] = Long.parseLong(message.group(1)) - Long.parseLong(message.group(2));
        });
        assertThat(missing[0]).isPositive();
        return missing[0];
    }

    /** What was refused to a larger batch is not taken for room by the next one, whether there was room for a smaller one before or none. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theSameSessionsServeOnceThereIsMemory(boolean afterSmaller) throws IOException {
        try (ModelFiles files = TinyModels.write(folder).files(TinyModels.ADAPTIVE)) {
            float[][] expected = encode(files, afterSmaller, _ -> {});
            long enough = controls.counts().bytesMost();
            while (refusedAt < enough) {
                assertThat(encode(files, afterSmaller, this::refuse)).isDeepEqualTo(expected);
            }
        }
    }

    private static float[][] encode(ModelFiles files, boolean afterSmaller, Consumer<Sessions> before) {
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                Encoder encoder = Encoder.load(files, device);
                var sessions = new Sessions(encoder, device, 256, 1)) {
            if (afterSmaller) {
                sessions.encode(SMALLER, HARD, null);
            }
            before.accept(sessions);
            return sessions.encode(TinyModels.TEXTS, HARD, null);
        }
    }

    private void refuse(Sessions sessions) {
        refusedAt = Math.max(refusedAt, controls.counts().bytesLive());
        controls.memoryLimit(refusedAt);
        refusedAt += missing(() -> sessions.encode(TinyModels.TEXTS, HARD, null), PLENTY);
        controls.memoryLimit(PLENTY);
    }
}
