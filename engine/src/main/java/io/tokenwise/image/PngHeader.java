package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * A PNG's chunks, whose checksums are right and of which the last is there.
 *
 * @param decodable the file without what decoding does not need: profiles, texts (which may inflate to gigabytes), and transparent colours
 */
record PngHeader(long width, long height, Orientation orientation, byte[] decodable) {
    static final String SIGNATURE = "\u0089PNG\r\n\u001A\n";

    private static final int LENGTH_BYTES = 4;
    private static final int NAME_BYTES = 4;
    private static final int CHECKSUM_BYTES = 4;

    static PngHeader of(byte[] bytes, String name) {
        return new Parser(ByteBuffer.wrap(bytes), name).parse();
    }

    /** Walks over the chunks, each a length, a name, data and a checksum. */
    private static final class Parser {
        private final ByteBuffer bytes;
        private final String name;
        private final ByteArrayOutputStream decodable;
        private long width;
        private long height;
        private Orientation orientation = Orientation.UPRIGHT;

        private Parser(ByteBuffer bytes, String name) {
            this.bytes = bytes;
            this.name = name;
            decodable = new ByteArrayOutputStream(bytes.limit());
        }

        PngHeader parse() {
            bytes.position(SIGNATURE.length());
            decodable.write(bytes.array(), 0, SIGNATURE.length());
            boolean first = true;
            String chunk;
            do {
                chunk = chunk(first);
                first = false;
            } while (!chunk.equals("IEND"));
            return new PngHeader(width, height, orientation, decodable.toByteArray());
        }

        /** Moves over a chunk; its name. */
        private String chunk(boolean first) {
            int start = bytes.position();
            if (bytes.remaining() < LENGTH_BYTES + NAME_BYTES + CHECKSUM_BYTES) {
                throw truncated();
            }
            long length = Integer.toUnsignedLong(bytes.getInt(start));
            if (length > bytes.remaining() - LENGTH_BYTES - NAME_BYTES - CHECKSUM_BYTES) {
                throw truncated();
            }
            int end = (int) (start + LENGTH_BYTES + NAME_BYTES + length + CHECKSUM_BYTES);
            String chunk = new String(bytes.array(), start + LENGTH_BYTES, NAME_BYTES, StandardCharsets.ISO_8859_1);
            checkSum(chunk, start + LENGTH_BYTES, end - CHECKSUM_BYTES);
            if (first != chunk.equals("IHDR") || first && length != 13) {
                throw new BadFileException(name, "is a corrupt PNG: its first chunk must be IHDR, of 13 bytes");
            }
            take(chunk, bytes.slice(start + LENGTH_BYTES + NAME_BYTES, (int) length));
            bytes.position(end);
            return chunk;
        }

        private void take(String chunk, ByteBuffer data) {
            switch (chunk) {
                case "IHDR" -> {
                    width = Integer.toUnsignedLong(data.getInt(0));
                    height = Integer.toUnsignedLong(data.getInt(4));
                    keep(data);
                }
                case "PLTE", "IDAT", "IEND" -> keep(data);
                case "eXIf" -> orientation = Orientation.in(data);
                default -> {
                    // A capital letter says that the image cannot be understood without this chunk.
                    if (Character.isUpperCase(chunk.charAt(0))) {
                        throw new BadFileException(name, "is a PNG with a chunk " + chunk + ", which is not PNG's");
                    }
                }
            }
        }

        private void keep(ByteBuffer data) {
            int before = LENGTH_BYTES + NAME_BYTES;
            decodable.write(bytes.array(), data.arrayOffset() - before, before + data.limit() + CHECKSUM_BYTES);
        }

        private void checkSum(String chunk, int from, int to) {
            var sum = new CRC32();
            sum.update(bytes.array(), from, to - from);
            if ((int) sum.getValue() != bytes.getInt(to)) {
                throw new BadFileException(name, "is a corrupt PNG: the checksum of its chunk " + chunk + " is wrong");
            }
        }

        private BadFileException truncated() {
            return new BadFileException(name, "is truncated: the PNG ends within a chunk, or without IEND");
        }
    }
}
