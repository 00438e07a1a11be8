package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.api.Precision;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A device with too little memory, whichever allocation does not fit: one line that says how much was asked for and what is free. */
class MemoryLimitOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryLimitOnDeviceTest.class);
    private static final Pattern MESSAGE = Pattern.compile(
            "(?:workspace: )?cuda device tokenwise fake device .* has no (\\d+) bytes of memory left: (\\d+) of (\\d+) are free");

    @TempDir
    Path folder;

    private final FakeControls controls = FakeDevice.start();

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
        var missing = new long[1];
        assertThatIllegalStateException().isThrownBy(() -> run(files)).satisfies(e -> {
            Matcher message = MESSAGE.matcher(e.getMessage());
            assertThat(message.matches()).as(e.getMessage()).isTrue();
            assertThat(Long.parseLong(message.group(3))).isEqualTo(limit);
            missing[0] = Long.parseLong(message.group(1)) - Long.parseLong(message.group(2));
        });
        assertThat(missing[0]).isPositive();
        assertThat(controls.leaks()).isEmpty();
        assertThat(controls.counts().bytesLive()).isZero();
        return missing[0];
    }
}
