package io.tokenwise.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A zip archive of files that are stored: they are changed inside, dropped, doubled, renamed, taken from another one, and the directory is right again. */
final class ZipForm implements Form {
    private static final int HEADER = 0x04034b50;
    private static final int ENTRY = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int HEADER_BYTES = 30;
    private static final int ENTRY_BYTES = 46;
    private static final int END_BYTES = 22;

    private final String ending;

    ZipForm(String ending) {
        this.ending = ending;
    }

    private record Stored(String name, byte[] content) {}

    @Override
    public boolean fits(String file) {
        return file.endsWith(ending);
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        List<Stored> files = files(bytes);
        List<Stored> theirs = files(other);
        if (files.isEmpty()) {
            return bytes;
        }
        // The first is the largest part of what a reader looks at.
        int at = random.nextBoolean() ? 0 : random.nextInt(files.size());
        Stored file = files.get(at);
        switch (random.nextInt(8)) {
            case 0 -> files.remove(at);
            case 1 -> files.add(random.nextInt(files.size() + 1), file);
            case 2 -> files.set(at, new Stored(files.get(random.nextInt(files.size())).name, file.content));
            case 3 -> {
                if (!theirs.isEmpty()) {
                    files.set(at, theirs.get(random.nextInt(theirs.size())));
                }
            }
            default -> {
                byte[] part = at < theirs.size() ? theirs.get(at).content : file.content;
                files.set(at, new Stored(file.name, BytesForm.ANY.changed(file.content, part, random)));
            }
        }
        return archive(files);
    }

    /** As far as the directory and the headers say where they are. */
    private static List<Stored> files(byte[] bytes) {
        List<Stored> files = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int end = bytes.length - END_BYTES;
        int at = end < 0 || in.getInt(end) != END ? end : in.getInt(end + 16);
        while (at >= 0 && at <= end - ENTRY_BYTES && in.getInt(at) == ENTRY) {
            int nameBytes = in.getShort(at + 28) & 0xFFFF;
            int header = in.getInt(at + 42);
            int size = in.getInt(at + 24);
            boolean there = header >= 0 && header <= end - HEADER_BYTES && nameBytes <= end - at - ENTRY_BYTES;
            int from = there
                    ? header + HEADER_BYTES + (in.getShort(header + 26) & 0xFFFF) + (in.getShort(header + 28) & 0xFFFF)
                    : end;
            if (!there || size < 0 || size > end - from) {
                break;
            }
            files.add(new Stored(
                    new String(bytes, at + ENTRY_BYTES, nameBytes, StandardCharsets.ISO_8859_1),
                    Arrays.copyOfRange(bytes, from, from + size)));
            at += ENTRY_BYTES + nameBytes + (in.getShort(at + 30) & 0xFFFF) + (in.getShort(at + 32) & 0xFFFF);
        }
        return files;
    }

    private static byte[] archive(List<Stored> files) {
        var all = new ByteArrayOutputStream();
        var directory = new ByteArrayOutputStream();
        for (Stored file : files) {
            byte[] name = file.name.getBytes(StandardCharsets.ISO_8859_1);
            ByteBuffer entry = buffer(ENTRY_BYTES + name.length).putInt(0, ENTRY);
            entry.putInt(20, file.content.length).putInt(24, file.content.length);
            entry.putShort(28, (short) name.length).putInt(42, all.size()).put(ENTRY_BYTES, name);
            directory.writeBytes(entry.array());
            ByteBuffer header = buffer(HEADER_BYTES + name.length).putInt(0, HEADER);
            header.putInt(18, file.content.length).putInt(22, file.content.length);
            header.putShort(26, (short) name.length).put(HEADER_BYTES, name);
            all.writeBytes(header.array());
            all.writeBytes(file.content);
        }
        int start = all.size();
        all.writeBytes(directory.toByteArray());
        ByteBuffer end = buffer(END_BYTES).putInt(0, END);
        end.putShort(8, (short) files.size()).putShort(10, (short) files.size());
        all.writeBytes(end.putInt(12, directory.size()).putInt(16, start).array());
        return all.toByteArray();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
