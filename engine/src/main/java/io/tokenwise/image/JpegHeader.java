package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * What a JPEG says before its first scan.
 *
 * @param decodable the file without what decoding does not need: profiles, thumbnails, comments and other people's data, so that the decoder
 *     never sees them
 */
record JpegHeader(int width, int height, JpegColors colors, Orientation orientation, byte[] decodable) {
    /** Encoders make 10 or so. Each scan passes over all of the picture, so thousands of empty ones would take minutes. */
    private static final int MOST_SCANS = 200;

    private static final int START_OF_SCAN = 0xDA;
    private static final int END = 0xD9;
    private static final int APP1 = 0xE1;
    private static final int APP14 = 0xEE;
    private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] ADOBE = "Adobe".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] JFIF = "JFIF\0".getBytes(StandardCharsets.ISO_8859_1);

    static JpegHeader of(byte[] bytes, String name) {
        return new Parser(ByteBuffer.wrap(bytes), name).parse();
    }

    /** Walks over the segments, each a marker, a length and data. */
    private static final class Parser {
        private final ByteBuffer bytes;
        private final String name;
        private final ByteArrayOutputStream decodable;
        private ByteBuffer frame;
        private boolean jfif;
        private int adobe = JpegColors.NO_ADOBE;

        /** Null while there is no Exif. */
        private Orientation orientation;

        private Parser(ByteBuffer bytes, String name) {
            this.bytes = bytes;
            this.name = name;
            decodable = new ByteArrayOutputStream(bytes.limit());
        }

        JpegHeader parse() {
            keep(0, 2);
            bytes.position(2);
            for (int marker = marker(); marker != START_OF_SCAN; marker = marker()) {
                boolean alone = marker >= 0xD0 && marker <= 0xD8 || marker == 0x01;
                if (marker == END) {
                    throw new BadFileException(name, "is a JPEG without an image");
                }
                if (!alone) {
                    segment(marker);
                }
            }
            if (frame == null) {
                throw new BadFileException(name, "is a corrupt JPEG: a scan comes before the frame");
            }
            int scan = bytes.position() - 2;
            passScans();
            keep(scan, bytes.position());
            int height = Short.toUnsignedInt(frame.getShort(1));
            int width = Short.toUnsignedInt(frame.getShort(3));
            JpegColors colors = JpegColors.of(components(), jfif, adobe, name);
            Orientation stored = Objects.requireNonNullElse(orientation, Orientation.UPRIGHT);
            return new JpegHeader(width, height, colors, stored, decodable.toByteArray());
        }

        /** Moves behind the next marker. As libjpeg does, it skips what does not belong to a segment. */
        private int marker() {
            int marker = next();
            if (marker < 0) {
                throw truncated();
            }
            return marker;
        }

        /** The same; -1, and all passed, where there is none any more. */
        private int next() {
            while (bytes.remaining() >= 2) {
                if (bytes.get() == (byte) 0xFF) {
                    int marker = Byte.toUnsignedInt(bytes.get(bytes.position()));
                    if (marker != 0 && marker != 0xFF) {
                        bytes.position(bytes.position() + 1);
                        return marker;
                    }
                }
            }
            bytes.position(bytes.limit());
            return -1;
        }

        private void segment(int marker) {
            int start = bytes.position();
            int length = bytes.remaining() < 2 ? 0 : Short.toUnsignedInt(bytes.getShort(start));
            if (bytes.remaining() < Math.max(2, length)) {
                throw truncated();
            }
            if (length < 2) {
                throw new BadFileException(name, "is a corrupt JPEG: a segment has a length of " + length);
            }
            ByteBuffer data = bytes.slice(start + 2, length - 2);
            bytes.position(start + length);
            boolean application = marker >= 0xE0 && marker <= 0xEF || marker == 0xFE;
            if (application) {
                application(marker, data);
                return;
            }
            keep(start - 2, start + length);
            boolean isFrame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
            if (isFrame) {
                frame(marker, data);
            }
        }

        private void application(int marker, ByteBuffer data) {
            if (marker == APP1 && startsWith(data, EXIF) && orientation == null) {
                // Others go on where 64 KB were too few for the first.
                orientation = Orientation.in(data.slice(EXIF.length, data.limit() - EXIF.length));
            } else if (marker == APP14 && startsWith(data, ADOBE) && data.limit() > 11) {
                adobe = data.get(11);
            } else if (marker == 0xE0 && startsWith(data, JFIF)) {
                jfif = true;
            }
        }

        private void frame(int marker, ByteBuffer data) {
            if (frame != null) {
                throw new BadFileException(name, "is a corrupt JPEG: it has two frames");
            }
            if (data.limit() < 6 || data.limit() < 6 + 3 * data.get(5)) {
                throw new BadFileException(name, "is a corrupt JPEG: its frame is too short");
            }
            if (marker > 0xC2 || data.get(0) != 8) {
                throw new BadFileException(
                        name,
                        "is a JPEG of kind SOF" + (marker - 0xC0) + " with " + data.get(0)
                                + " bits a channel; baseline and progressive ones (SOF0 to SOF2) of 8 bits are read");
            }
            frame = data;
        }

        /** The letters that identify the components. */
        private String components() {
            var letters = new StringBuilder();
            for (int i = 0; i < frame.get(5); i++) {
                letters.append((char) Byte.toUnsignedInt(frame.get(6 + 3 * i)));
            }
            return letters.toString();
        }

        /** Moves behind the image's end, or the file's if it is cut short: what follows, such as a video, is not for the decoder. */
        private void passScans() {
            int begin = bytes.position();
            for (int marker = START_OF_SCAN; marker >= 0 && marker != END; marker = next()) {
                boolean alone = marker >= 0xD0 && marker <= 0xD8 || marker == 0x01;
                if (!alone && bytes.remaining() >= 2) {
                    int length = Short.toUnsignedInt(bytes.getShort(bytes.position()));
                    bytes.position(Math.min(bytes.limit(), bytes.position() + length));
                }
            }
            checkScans(begin);
        }

        /** Counts all that look like one: after an error a decoder goes on where no length says it. In a sound scan's data FF is followed by 00. */
        private void checkScans(int begin) {
            int scans = 1;
            for (int i = begin; i < bytes.position() - 1; i++) {
                if (bytes.get(i) == (byte) 0xFF && bytes.get(i + 1) == (byte) START_OF_SCAN && ++scans > MOST_SCANS) {
                    throw new BadFileException(name, "is a JPEG of more than " + MOST_SCANS + " scans");
                }
            }
        }

        private void keep(int from, int to) {
            decodable.write(bytes.array(), from, to - from);
        }

        private static boolean startsWith(ByteBuffer data, byte[] magic) {
            return data.limit() >= magic.length && data.slice(0, magic.length).equals(ByteBuffer.wrap(magic));
        }

        private BadFileException truncated() {
            return new BadFileException(name, "is truncated: the JPEG ends before its image");
        }
    }
}
