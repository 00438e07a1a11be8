package io.tokenwise.image;

import io.tokenwise.api.BadFileException;

/** What a JPEG's components are, found as libjpeg does, and turned into RGB with its fixed-point numbers. */
enum JpegColors implements PixelColors {
    GREY {
        @Override
        public int rgb(int[] samples, int at) {
            return samples[at] * 0x010101;
        }
    },
    RGB {
        @Override
        public int rgb(int[] samples, int at) {
            return samples[at] << 16 | samples[at + 1] << 8 | samples[at + 2];
        }
    },
    YCBCR {
        @Override
        public int rgb(int[] samples, int at) {
            int y = samples[at];
            int cb = samples[at + 1] - 128;
            int cr = samples[at + 2] - 128;
            int red = y + (91_881 * cr + HALF >> BITS);
            int green = y + (-22_554 * cb - 46_802 * cr + HALF >> BITS);
            int blue = y + (116_130 * cb + HALF >> BITS);
            return clamp(red) << 16 | clamp(green) << 8 | clamp(blue);
        }
    },
    /** Ink, as Photoshop and everyone after it stores it: 255 is none. Pillow and ImageMagick take it so without Adobe's marker too. */
    CMYK {
        @Override
        public int rgb(int[] samples, int at) {
            return printed(samples[at], samples[at + 1], samples[at + 2], samples[at + 3]);
        }
    },
    /** The first three of {@link #CMYK}, turned upside down, as YCbCr. */
    YCCK {
        @Override
        public int rgb(int[] samples, int at) {
            int inks = ~YCBCR.rgb(samples, at);
            return printed(inks >> 16 & 0xFF, inks >> 8 & 0xFF, inks & 0xFF, samples[at + 3]);
        }
    };

    /** The Adobe marker's transform if there is no such marker. */
    static final int NO_ADOBE = -1;

    private static final int BITS = 16;
    private static final int HALF = 1 << (BITS - 1);

    /**
     * Finds them.
     *
     * @param components a letter for each, the frame's identifiers
     * @param adobe the Adobe marker's transform or {@link #NO_ADOBE}
     */
    static JpegColors of(String components, boolean jfif, int adobe, String name) {
        return switch (components.length()) {
            case 1 -> GREY;
            case 3 -> {
                boolean rgb = adobe == 0 || adobe == NO_ADOBE && components.equals("RGB");
                yield rgb && !jfif ? RGB : YCBCR;
            }
            case 4 -> adobe == NO_ADOBE || adobe == 0 ? CMYK : YCCK;
            default ->
                throw new BadFileException(
                        name, "is a JPEG of " + components.length() + " components; 1, 3 and 4 are read");
        };
    }

    /** The light that paper reflects. Without a profile this is what is usual. */
    private static int printed(int red, int green, int blue, int black) {
        return product(red, black) << 16 | product(green, black) << 8 | product(blue, black);
    }

    /** The product of two shares of 255, rounded. */
    private static int product(int a, int b) {
        int scaled = a * b + 128;
        return (scaled >> 8) + scaled >> 8;
    }

    private static int clamp(int value) {
        return Math.clamp(value, 0, 255);
    }
}
