package io.tokenwise.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A tar file: blocks of 512 bytes, of which some are headers with a checksum. */
final class TarForm implements Form {
    private static final int BLOCK = 512;

    /** Where a header has what readers reckon with: name, size, checksum, type, magic, prefix. */
    private static final int[] FIELDS = {0, 124, 148, 156, 257, 345};

    private static final List<String> VALUES = List.of(
            "00000000000",
            "77777777777",
            "00000000001",
            "7777777777777",
            "ustar",
            "ustar  ",
            "L",
            "x",
            "g",
            "2",
            "5",
            "S",
            "../x",
            "\u0080\0\0\0\0\0\0\1\0\0\0\0",
            "\u00ff\u00ff\u00ff\u00ff",
            " 12 ");

    @Override
    public boolean fits(String file) {
        return file.endsWith(".tar");
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        int blocks = bytes.length / BLOCK;
        if (blocks == 0) {
            return bytes;
        }
        int at = BLOCK * random.nextInt(blocks);
        byte[] block = Arrays.copyOfRange(bytes, at, at + BLOCK);
        return switch (random.nextInt(6)) {
            case 0 -> BytesForm.replaced(bytes, at, BLOCK, new byte[0]);
            case 1 -> BytesForm.replaced(bytes, BLOCK * random.nextInt(blocks + 1), 0, block);
            case 2 -> {
                int theirs = other.length / BLOCK;
                int from = theirs == 0 ? 0 : BLOCK * random.nextInt(theirs);
                yield BytesForm.replaced(
                        bytes, at, 0, Arrays.copyOfRange(other, from, Math.min(other.length, from + BLOCK)));
            }
            default -> {
                byte[] value = VALUES.get(random.nextInt(VALUES.size())).getBytes(StandardCharsets.ISO_8859_1);
                int field = FIELDS[random.nextInt(FIELDS.length)];
                System.arraycopy(value, 0, block, field, value.length);
                yield BytesForm.replaced(bytes, at, BLOCK, block);
            }
        };
    }

    @Override
    public byte[] repaired(byte[] bytes) {
        var out = new ByteArrayOutputStream();
        for (int at = 0; at < bytes.length; at += BLOCK) {
            byte[] block = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + BLOCK));
            if (block.length == BLOCK && new String(block, 257, 5, StandardCharsets.ISO_8859_1).equals("ustar")) {
                withChecksum(block);
            }
            out.writeBytes(block);
        }
        return out.toByteArray();
    }

    static void withChecksum(byte[] header) {
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte each : header) {
            sum += Byte.toUnsignedInt(each);
        }
        byte[] digits = "%06o\0 ".formatted(sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(digits, 0, header, 148, digits.length);
    }
}
