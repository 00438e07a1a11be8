package io.tokenwise.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageTest {
    /** 3 x 2, each pixel another one. */
    private static final Image SIX = new Image(3, 2, new int[] {1, 2, 3, 4, 5, 6});

    /** What the numbers from Pillow were made of. */
    private static Image pattern() {
        int[] rgb = new int[5 * 4];
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 5; x++) {
                int red = (x * 50 + y * 20) % 256;
                int green = (x * x * 17 + y * 31) % 256;
                int blue = (x * y * 23 + 7) % 256;
                rgb[y * 5 + x] = red << 16 | green << 8 | blue;
            }
        }
        return new Image(5, 4, rgb);
    }

    @Test
    void halvesByTheTriangleOfBilinearFiltering() {
        // Place 0 lies at 1 of 4; its weights are 1 - |i + 0.5 - 1| / 2 for i = 0, 1, 2: 3, 3 and 1 of 7. So 1 * 140 /
        // 7 = 20, and 6 * 140 / 7 = 120.
        Image row = grey(4, 1, 0, 0, 140, 140);
        assertThat(row.resized(2, 1, Resampling.BILINEAR)).isEqualTo(grey(2, 1, 20, 120));
        Image column = grey(1, 4, 0, 0, 140, 140);
        assertThat(column.resized(1, 2, Resampling.BILINEAR)).isEqualTo(grey(1, 2, 20, 120));
    }

    @Test
    void growsBetweenNeighbours() {
        // Places 0 to 3 lie at -0.25, 0.25, 0.75 and 1.25 between the centres of two pixels.
        assertThat(grey(2, 1, 0, 100).resized(4, 1, Resampling.BILINEAR)).isEqualTo(grey(4, 1, 0, 25, 75, 100));
    }

    @Test
    void cubicOvershootIsCutOff() {
        // At 0.25 between two whites and two blacks the cubic's weights are -9, 111, 29 and -3 of 128: 255 * 102 / 128
        // = 203 and 255 * 26 / 128 = 52;
        // further out it overshoots.
        Image edge = grey(4, 1, 255, 255, 0, 0);
        assertThat(edge.resized(8, 1, Resampling.BICUBIC)).isEqualTo(grey(8, 1, 255, 255, 255, 203, 52, 0, 0, 0));
    }

    /** Pillow 11.1: {@code Image.putdata([...pattern...]).resize((width, height), Image.BILINEAR)}, or BICUBIC. */
    @Test
    void hasPillowsPixels() {
        assertThat(pattern().resized(3, 2, Resampling.BILINEAR).rgb())
                .containsExactly(0x231D0E, 0x726228, 0xC16142, 0x434E1E, 0x929370, 0xA29284);
        assertThat(pattern().resized(3, 2, Resampling.BICUBIC).rgb())
                .containsExactly(0x1E150C, 0x6F6322, 0xC75F3E, 0x424E1A, 0x999C7B, 0xA2988D);
        assertThat(pattern().resized(7, 3, Resampling.BILINEAR).rgb())
                .startsWith(0x060907, 0x23130B, 0x462910, 0x6A4D15, 0x8E8A1A, 0xB1671F, 0xCE1923)
                .endsWith(0x365407, 0x535E2A, 0x767457, 0x9A9883, 0xBED5AF, 0x95B28F, 0x4B644C);
        assertThat(pattern().resized(7, 3, Resampling.BICUBIC).rgb())
                .startsWith(0x030607, 0x1D0C09, 0x44220D, 0x684A10, 0x8C9613, 0xB36816, 0xCF0E19)
                .endsWith(0x355603, 0x515D27, 0x78735A, 0x9C9B88, 0xCEE7C5, 0x93B994, 0x3D5F41);
        assertThat(pattern().resized(5, 2, Resampling.BICUBIC).rgb())
                .containsExactly(
                        0x0C1207, 0x3E2314, 0x705622, 0xA2AB2F, 0xDD2247, 0x304B07, 0x625C3F, 0x948F76, 0xC6E4AE,
                        0x835B70);
        assertThat(pattern().resized(2, 4, Resampling.BICUBIC).rgb())
                .containsExactly(0x2B1B07, 0x9D5607, 0x3F3A1B, 0xB1754F, 0x53592E, 0xC59498, 0x6F784A, 0x80B387);
    }

    @Test
    void theSameSizeIsTheSameImage() {
        assertThat(SIX.resized(3, 2, Resampling.BICUBIC)).isSameAs(SIX);
        assertThat(SIX.fitted(3, 2, Resampling.BICUBIC)).isSameAs(SIX);
    }

    @Test
    void shorterSide() {
        Image wide = new Image(500, 333, new int[500 * 333]);
        Image tall = new Image(333, 500, new int[500 * 333]);
        // 256 * 500 / 333 = 384.4
        assertThat(wide.resizedShorterSide(256, Resampling.BILINEAR)).hasToString("384 x 256");
        assertThat(tall.resizedShorterSide(256, Resampling.BILINEAR)).hasToString("256 x 384");
    }

    @Test
    void fittingASquareIsTheShorterSideAndTheCentre() {
        Image image = pattern();
        assertThat(image.fitted(3, 3, Resampling.BILINEAR))
                .isEqualTo(image.resizedShorterSide(3, Resampling.BILINEAR).centerCrop(3, 3));
    }

    @Test
    void fittingCoversEachShape() {
        assertThat(pattern().fitted(40, 3, Resampling.BILINEAR)).hasToString("40 x 3");
        assertThat(pattern().fitted(3, 40, Resampling.BILINEAR)).hasToString("3 x 40");
        assertThat(pattern().fitted(1, 1, Resampling.BILINEAR)).hasToString("1 x 1");
    }

    @Test
    void crops() {
        assertThat(SIX.cropped(1, 0, 2, 2)).isEqualTo(new Image(2, 2, new int[] {2, 3, 5, 6}));
        assertThat(SIX.cropped(0, 1, 1, 1)).isEqualTo(new Image(1, 1, new int[] {4}));
        assertThat(SIX.centerCrop(1, 2)).isEqualTo(new Image(1, 2, new int[] {2, 5}));
        assertThat(SIX.centerCrop(2, 1)).isEqualTo(new Image(2, 1, new int[] {1, 2}));
    }

    /** Python: {@code int(round(1 / 2.0))} is 0, of 3 it is 2, of 5 it is 2 again. */
    @ParameterizedTest
    @CsvSource({"1, 0, 0", "2, 1, 1", "3, 1, 2", "5, 2, 2", "7, 3, 4"})
    void theMiddleBeginsWhereThoseWhoTrainedHaveIt(int overhang, int down, int halfEven) {
        Image wide = new Image(
                3 + overhang, 3, IntStream.range(0, 3 * (3 + overhang)).toArray());
        List<Double> colours = List.of(0.0, 0.0, 0.0);
        assertThat(wide.prepared(new ImagePreparation(3, false, false, false, colours, colours), 3))
                .isEqualTo(wide.cropped(down, 0, 3, 3));
        assertThat(wide.prepared(new ImagePreparation(3, false, false, true, colours, colours), 3))
                .isEqualTo(wide.cropped(halfEven, 0, 3, 3));
    }

    @Test
    void mirrors() {
        assertThat(SIX.mirrored()).isEqualTo(new Image(3, 2, new int[] {3, 2, 1, 6, 5, 4}));
    }

    @Test
    void pads() {
        assertThat(new Image(1, 2, new int[] {7, 8}).padded(1))
                .isEqualTo(new Image(3, 4, new int[] {0, 0, 0, 0, 7, 0, 0, 8, 0, 0, 0, 0}));
        assertThat(SIX.padded(0)).isEqualTo(SIX);
    }

    @Test
    void saysWhatIsWrong() {
        assertThatThrownBy(() -> new Image(2, 2, new int[3])).hasMessage("image: 2 x 2 with 3 pixels");
        assertThatThrownBy(() -> new Image(-1, -1, new int[1])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SIX.centerCrop(4, 1))
                .hasMessage("centerCrop: 4 x 1 of an image of 3 x 2; resize it first");
        assertThatThrownBy(() -> SIX.cropped(2, 0, 2, 1)).hasMessage("crop: 2 x 1 from (2, 0) of an image of 3 x 2");
        assertThatThrownBy(() -> SIX.cropped(Integer.MAX_VALUE, 0, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SIX.cropped(0, 0, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SIX.padded(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SIX.resized(0, 5, Resampling.BILINEAR))
                .hasMessageStartingWith("resize: 3 x 2 to 0 x 5; sides must be at least 1");
    }

    @Test
    void refusesToMakeMoreThanFitsMemory() {
        Image strip = new Image(60_000, 1, new int[60_000]);
        assertThatThrownBy(() -> strip.resizedShorterSide(224, Resampling.BILINEAR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("13440000 x 224");
        assertThatThrownBy(() -> strip.fitted(224, 224, Resampling.BILINEAR))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SIX.padded(Integer.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SIX.resized(Integer.MAX_VALUE, Integer.MAX_VALUE, Resampling.BICUBIC))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Image grey(int width, int height, int... levels) {
        int[] rgb = new int[levels.length];
        for (int i = 0; i < levels.length; i++) {
            rgb[i] = levels[i] * 0x010101;
        }
        return new Image(width, height, rgb);
    }
}
