package io.tokenwise.fuzz;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** JPEG: segments are changed inside, dropped, doubled, moved, renamed, taken from another file. */
final class JpegForm implements Form {
    private static final int START_OF_SCAN = 0xDA;

    /** Kinds of frames and scans, tables, and what cameras write. */
    private static final int[] MARKERS = {
        0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC9, 0xCC, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xE0, 0xE1, 0xE2, 0xEE,
        0xFE, 1
    };

    /** A marker and what comes behind it, to the next segment. */
    private record Segment(int marker, byte[] content) {}

    @Override
    public boolean fits(String file) {
        return file.endsWith(".jpg");
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        List<Segment> segments = segments(bytes);
        List<Segment> theirs = segments(other);
        if (segments.isEmpty()) {
            return bytes;
        }
        int at = random.nextInt(segments.size());
        Segment segment = segments.get(at);
        switch (random.nextInt(8)) {
            case 0, 1, 2 -> segments.set(at, changed(segment, random));
            case 3 -> segments.remove(at);
            case 4 -> segments.add(random.nextInt(segments.size() + 1), segment);
            case 5 -> segments.add(random.nextInt(segments.size()), segments.remove(at));
            case 6 -> {
                if (!theirs.isEmpty()) {
                    segments.add(random.nextInt(segments.size() + 1), theirs.get(random.nextInt(theirs.size())));
                }
            }
            default -> segments.set(at, new Segment(MARKERS[random.nextInt(MARKERS.length)], segment.content));
        }
        var out = new ByteArrayOutputStream();
        for (Segment each : segments) {
            out.write(0xFF);
            out.write(each.marker);
            out.writeBytes(each.content);
        }
        return out.toByteArray();
    }

    /** Its content changed, with the length right, but of a scan's data. */
    private static Segment changed(Segment segment, SplittableRandom random) {
        byte[] content = BytesForm.ANY.changed(segment.content, segment.content, random);
        if (segment.marker != START_OF_SCAN && content.length >= 2) {
            content[0] = (byte) (content.length >> 8);
            content[1] = (byte) content.length;
        }
        return new Segment(segment.marker, content);
    }

    private static List<Segment> segments(byte[] bytes) {
        var segments = new ArrayList<Segment>();
        int at = 0;
        while (at + 2 <= bytes.length && bytes[at] == -1) {
            int marker = bytes[at + 1] & 0xFF;
            int end = at + 2;
            boolean hasLength = marker != 0xD8 && marker != 0xD9 && marker != 1;
            if (hasLength && end + 2 <= bytes.length) {
                end += (bytes[end] & 0xFF) << 8 | bytes[end + 1] & 0xFF;
            }
            while (marker == START_OF_SCAN && end + 1 < bytes.length && !isMarker(bytes, end)) {
                end++;
            }
            end = Math.min(end, bytes.length);
            segments.add(new Segment(marker, Arrays.copyOfRange(bytes, at + 2, Math.max(at + 2, end))));
            at = Math.max(at + 2, end);
        }
        return segments;
    }

    private static boolean isMarker(byte[] bytes, int at) {
        return bytes[at] == -1 && bytes[at + 1] != 0;
    }
}
