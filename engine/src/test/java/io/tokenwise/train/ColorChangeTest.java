package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ColorChangeTest {
    private static int[] changed(ColorChange change, int... pixels) {
        change.apply(pixels);
        return pixels;
    }

    @Test
    void nothingChangesAtOne() {
        int[] pixels = new SplittableRandom(1).ints(100, 0, 1 << 24).toArray();
        assertThat(changed(new ColorChange(1, 1, 1), pixels.clone())).isEqualTo(pixels);
    }

    @Test
    void brightnessScalesEveryChannelAndStopsAtWhite() {
        assertThat(changed(new ColorChange(.5, 1, 1), 0x204060, 0xFF8000)).containsExactly(0x102030, 0x804000);
        assertThat(changed(new ColorChange(2, 1, 1), 0x204060, 0x90FF01)).containsExactly(0x4080C0, 0xFFFF02);
    }

    @Test
    void withoutContrastAllIsTheMeanGrey() {
        assertThat(changed(new ColorChange(1, 0, 1), 0x404040, 0x808080)).containsExactly(0x606060, 0x606060);
    }

    /** Greys by hand: .299 * 200 + .587 * 100 + .114 * 50 = 124.2. */
    @Test
    void withoutSaturationEachPixelIsItsGrey() {
        assertThat(changed(new ColorChange(1, 1, 0), 200 << 16 | 100 << 8 | 50, 0x808080))
                .containsExactly(124 << 16 | 124 << 8 | 124, 0x808080);
    }
}
