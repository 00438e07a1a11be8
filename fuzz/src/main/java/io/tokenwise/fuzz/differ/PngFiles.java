package io.tokenwise.fuzz.differ;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Random PNG files: all colour types and depths, interlaced or not, each row with a filter of its own, palettes of all lengths, and chunks that must
 * change nothing: transparency, gamma, profiles, texts, times.
 */
final class PngFiles {
    private static final int GREY = 0;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int GREY_ALPHA = 4;
    private static final int RGBA = 6;

    private static final int MOST_SIDE = 40;

    /** Of Adam7's passes: first column and row, and the steps between columns and rows (PNG, 8.2). */
    private static final int[][] PASSES = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    private static final int[][] ALL_AT_ONCE = {{0, 0, 1, 1}};

    private final SplittableRandom random;
    private final int color;
    private final int bits;
    private final int width;
    private final int height;
    private final boolean interlaced;
    private final int paletteColors;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private PngFiles(SplittableRandom random) {
        this.random = random;
        color = Words.any(random, GREY, RGB, PALETTE, GREY_ALPHA, RGBA);
        bits = switch (color) {
            case GREY -> Words.any(random, 1, 2, 4, 8, 16);
            case PALETTE -> Words.any(random, 1, 2, 4, 8);
            default -> Words.any(random, 8, 16);
        };
        width = side();
        height = side();
        interlaced = random.nextBoolean();
        paletteColors = random.nextInt(1 << Math.min(8, bits)) + 1;
    }

    private int side() {
        return 1 + random.nextInt(random.nextBoolean() ? MOST_SIDE : 9);
    }

    static Kind.Made make(SplittableRandom random) {
        return new PngFiles(random).make();
    }

    private Kind.Made make() {
        out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
        chunk(
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(width)
                        .putInt(height)
                        .put((byte) bits)
                        .put((byte) color)
                        .put(12, (byte) (interlaced ? 1 : 0))
                        .array());
        String before = beforePalette();
        // Of colours in full it is a suggestion.
        boolean suggested = (color == RGB || color == RGBA) && random.nextInt(4) == 0;
        if (color == PALETTE || suggested) {
            chunk("PLTE", bytes(3 * (suggested ? 1 + random.nextInt(256) : paletteColors)));
        }
        String after = afterPalette();
        data();
        anywhere();
        chunk("IEND", new byte[0]);
        String variety =
                "colour " + color + ", " + bits + " bits" + (interlaced ? ", interlaced" : "") + before + after;
        return new Kind.Made(variety, out.toByteArray());
    }

    private String beforePalette() {
        String said = "";
        if (random.nextInt(3) == 0) {
            chunk("gAMA", number(1 + random.nextInt(300_000)));
            said += ", gAMA";
        }
        if (random.nextInt(6) == 0) {
            chunk(
                    "cHRM",
                    ByteBuffer.allocate(32)
                            .putInt(31_270)
                            .putInt(32_900)
                            .putInt(64_000)
                            .putInt(33_000)
                            .putInt(30_000)
                            .putInt(60_000)
                            .putInt(15_000)
                            .putInt(6_000)
                            .array());
        }
        switch (random.nextInt(8)) {
            case 0 -> chunk("sRGB", new byte[] {(byte) random.nextInt(4)});
            case 1 -> {
                chunk("iCCP", profile());
                said += ", iCCP";
            }
            default -> {
                // Neither.
            }
        }
        if (random.nextInt(6) == 0) {
            byte[] significant = new byte[color == PALETTE ? 3 : channels()];
            Arrays.fill(significant, (byte) (1 + random.nextInt(color == PALETTE ? 8 : bits)));
            chunk("sBIT", significant);
        }
        anywhere();
        return said;
    }

    /** A linear one, by which the picture would look otherwise. */
    private byte[] profile() {
        boolean grey = color == GREY || color == GREY_ALPHA;
        byte[] data = ICC_Profile.getInstance(grey ? ColorSpace.CS_GRAY : ColorSpace.CS_LINEAR_RGB)
                .getData();
        var profile = new ByteArrayOutputStream();
        profile.writeBytes("linear\0\0".getBytes(StandardCharsets.ISO_8859_1));
        profile.writeBytes(deflated(data));
        return profile.toByteArray();
    }

    private String afterPalette() {
        String said = "";
        if (color != GREY_ALPHA && color != RGBA && random.nextInt(3) == 0) {
            chunk(
                    "tRNS",
                    switch (color) {
                        case PALETTE -> bytes(1 + random.nextInt(paletteColors));
                        case GREY -> samples(1);
                        default -> samples(3);
                    });
            said += ", tRNS";
        }
        if (random.nextInt(6) == 0) {
            chunk(
                    "bKGD",
                    switch (color) {
                        case PALETTE -> new byte[] {(byte) random.nextInt(paletteColors)};
                        case GREY, GREY_ALPHA -> samples(1);
                        default -> samples(3);
                    });
        }
        if (random.nextInt(6) == 0) {
            chunk(
                    "pHYs",
                    ByteBuffer.allocate(9)
                            .putInt(2_835)
                            .putInt(2_835)
                            .put((byte) 1)
                            .array());
        }
        if (random.nextInt(4) == 0) {
            int orientation = 1 + random.nextInt(8);
            chunk("eXIf", Exif.tiff(random, orientation));
            said += ", eXIf " + orientation;
        }
        anywhere();
        return said;
    }

    private void anywhere() {
        if (random.nextInt(6) == 0) {
            chunk("tEXt", ("Comment\0" + "x".repeat(random.nextInt(20))).getBytes(StandardCharsets.ISO_8859_1));
        }
        if (random.nextInt(8) == 0) {
            var text = new ByteArrayOutputStream();
            text.writeBytes("Title\0\0".getBytes(StandardCharsets.ISO_8859_1));
            text.writeBytes(deflated(bytes(random.nextInt(40))));
            chunk("zTXt", text.toByteArray());
        }
        if (random.nextInt(8) == 0) {
            chunk("prVt", bytes(random.nextInt(20)));
        }
    }

    /** The picture, in as many chunks as it comes to. */
    private void data() {
        byte[] packed = deflated(picture());
        int at = 0;
        while (at < packed.length) {
            int length =
                    random.nextInt(3) == 0 ? random.nextInt(Math.min(60, packed.length - at) + 1) : packed.length - at;
            chunk("IDAT", Arrays.copyOfRange(packed, at, at + length));
            at += length;
        }
        if (random.nextInt(16) == 0) {
            chunk("IDAT", new byte[0]);
        }
    }

    private byte[] picture() {
        var rows = new ByteArrayOutputStream();
        for (int[] pass : interlaced ? PASSES : ALL_AT_ONCE) {
            int columns = Math.ceilDiv(width - pass[0], pass[2]);
            int lines = Math.ceilDiv(height - pass[1], pass[3]);
            if (columns > 0 && lines > 0) {
                // What filters make of a row is any bytes, so any bytes are the rows of some picture, but for palettes.
                for (int line = 0; line < lines; line++) {
                    rows.write(color == PALETTE ? 0 : random.nextInt(5));
                    rows.writeBytes(row(columns));
                }
            }
        }
        return rows.toByteArray();
    }

    private byte[] row(int columns) {
        byte[] row = new byte[Math.ceilDiv(columns * channels() * bits, 8)];
        if (color == PALETTE) {
            for (int column = 0; column < columns; column++) {
                int index = random.nextInt(paletteColors);
                row[column * bits / 8] |= (byte) (index << 8 - bits - column * bits % 8);
            }
            return row;
        }
        // A few values again and again, or all of them.
        int least = random.nextInt(256);
        int range = 1 + random.nextInt(random.nextBoolean() ? 8 : 256);
        for (int i = 0; i < row.length; i++) {
            row[i] = (byte) (least + random.nextInt(range));
        }
        return row;
    }

    private int channels() {
        return switch (color) {
            case GREY, PALETTE -> 1;
            case GREY_ALPHA -> 2;
            case RGB -> 3;
            default -> 4;
        };
    }

    /** Two bytes for each, whatever the depth is. */
    private byte[] samples(int count) {
        ByteBuffer samples = ByteBuffer.allocate(2 * count);
        for (int i = 0; i < count; i++) {
            samples.putShort((short) random.nextInt(1 << bits));
        }
        return samples.array();
    }

    private byte[] deflated(byte[] plain) {
        var deflater = new Deflater(random.nextInt(10));
        deflater.setStrategy(Words.any(random, Deflater.DEFAULT_STRATEGY, Deflater.FILTERED, Deflater.HUFFMAN_ONLY));
        try {
            deflater.setInput(plain);
            deflater.finish();
            var packed = new ByteArrayOutputStream();
            byte[] part = new byte[1_000];
            while (!deflater.finished()) {
                packed.write(part, 0, deflater.deflate(part));
            }
            return packed.toByteArray();
        } finally {
            deflater.end();
        }
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] number(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    private void chunk(String name, byte[] data) {
        byte[] named = ByteBuffer.allocate(4 + data.length)
                .put(name.getBytes(StandardCharsets.ISO_8859_1))
                .put(data)
                .array();
        var sum = new CRC32();
        sum.update(named);
        out.writeBytes(number(data.length));
        out.writeBytes(named);
        out.writeBytes(number((int) sum.getValue()));
    }
}
