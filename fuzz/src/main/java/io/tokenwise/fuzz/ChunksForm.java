package io.tokenwise.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32;

/** Files of chunks with a name and a length, PNG and RIFF: chunks are changed inside, dropped, doubled, moved, taken from another file. */
final class ChunksForm implements Form {
    /** PNG: a length, a name, and behind the content a CRC-32 of both. */
    static final ChunksForm PNG = new ChunksForm(".png", 8, ByteOrder.BIG_ENDIAN, true);

    /** RIFF: a name, a length, and behind the content a byte if it is odd. */
    static final ChunksForm WAV = new ChunksForm(".wav", 12, ByteOrder.LITTLE_ENDIAN, false);

    private final String ending;
    private final int start;
    private final ByteOrder order;
    private final boolean png;

    private ChunksForm(String ending, int start, ByteOrder order, boolean png) {
        this.ending = ending;
        this.start = start;
        this.order = order;
        this.png = png;
    }

    private record Chunk(int name, int length, byte[] content) {}

    @Override
    public boolean fits(String file) {
        return file.endsWith(ending);
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        List<Chunk> chunks = chunks(bytes);
        List<Chunk> theirs = chunks(other);
        if (chunks.isEmpty()) {
            return bytes;
        }
        int at = random.nextInt(chunks.size());
        Chunk chunk = chunks.get(at);
        switch (random.nextInt(8)) {
            case 0, 1, 2 -> {
                byte[] content = BytesForm.ANY.changed(chunk.content, chunk.content, random);
                chunks.set(at, new Chunk(chunk.name, content.length, content));
            }
            case 3 -> chunks.remove(at);
            case 4 -> chunks.add(random.nextInt(chunks.size() + 1), chunk);
            case 5 -> chunks.add(random.nextInt(chunks.size()), chunks.remove(at));
            case 6 -> {
                if (!theirs.isEmpty()) {
                    chunks.add(random.nextInt(chunks.size() + 1), theirs.get(random.nextInt(theirs.size())));
                }
            }
            default -> {
                int length = random.nextBoolean() ? chunk.length + random.nextInt(-5, 6) : random.nextInt();
                chunks.set(at, new Chunk(chunk.name, length, chunk.content));
            }
        }
        return file(bytes, chunks);
    }

    private List<Chunk> chunks(byte[] bytes) {
        var chunks = new ArrayList<Chunk>();
        ByteBuffer in = ByteBuffer.wrap(bytes).order(order);
        for (int at = start; at + 8 <= bytes.length; ) {
            int length = in.getInt(png ? at : at + 4);
            int name = in.getInt(png ? at + 4 : at);
            int there = Math.min(length < 0 ? Integer.MAX_VALUE : length, bytes.length - at - 8);
            chunks.add(new Chunk(name, there, Arrays.copyOfRange(bytes, at + 8, at + 8 + there)));
            at += 8 + there + (png ? 4 : there & 1);
        }
        return chunks;
    }

    private byte[] file(byte[] bytes, List<Chunk> chunks) {
        var out = new ByteArrayOutputStream();
        out.write(bytes, 0, Math.min(start, bytes.length));
        for (Chunk chunk : chunks) {
            out.writeBytes(number(png ? chunk.length : chunk.name));
            out.writeBytes(number(png ? chunk.name : chunk.length));
            out.writeBytes(chunk.content);
            if (png) {
                out.writeBytes(number(checksum(chunk)));
            } else if (chunk.content.length % 2 == 1) {
                out.write(0);
            }
        }
        return out.toByteArray();
    }

    private byte[] number(int value) {
        return ByteBuffer.allocate(4).order(order).putInt(value).array();
    }

    private int checksum(Chunk chunk) {
        var sum = new CRC32();
        sum.update(number(chunk.name));
        sum.update(chunk.content);
        return (int) sum.getValue();
    }

    @Override
    public byte[] repaired(byte[] bytes) {
        return png && bytes.length >= start ? file(bytes, chunks(bytes)) : bytes;
    }
}
