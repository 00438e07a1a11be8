package io.tokenwise.fuzz.differ;

import java.util.SplittableRandom;

/** Random texts of all that Unicode has, of which all but surrogates may come. */
final class Words {
    /** First and last of what texts are made of: ASCII as it is printed, control characters, marks, scripts, planes beyond the first. */
    private static final int[][] RANGES = {
        {0x20, 0x7E},
        {0x20, 0x7E},
        {'a', 'z'},
        {'a', 'z'},
        {0, 0x1F},
        {0x7F, 0xFF},
        {0x100, 0x24F},
        {0x300, 0x36F},
        {0x370, 0x52F},
        {0x590, 0x6FF},
        {0x900, 0xDFF},
        {0x1100, 0x11FF},
        {0x2000, 0x206F},
        {0x3040, 0x30FF},
        {0x4E00, 0x9FFF},
        {0xAC00, 0xD7A3},
        {0xE000, 0xFFFF},
        {0x1_0000, 0x1_FFFF},
        {0x2_0000, 0x10_FFFF}
    };

    private Words() {}

    /** Up to so many code points, most of one range. */
    static String text(SplittableRandom random, int most) {
        var text = new StringBuilder();
        int[] usual = range(random);
        for (int left = random.nextInt(most + 1); left > 0; left--) {
            int[] range = random.nextInt(4) == 0 ? range(random) : usual;
            text.appendCodePoint(random.nextInt(range[0], range[1] + 1));
        }
        return text.toString();
    }

    private static int[] range(SplittableRandom random) {
        return RANGES[random.nextInt(RANGES.length)];
    }

    /** One of some. */
    @SafeVarargs
    static <T> T any(SplittableRandom random, T... some) {
        return some[random.nextInt(some.length)];
    }
}
