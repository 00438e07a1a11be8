package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A zip archive whose files lie in it as they are (PKWARE's APPNOTE.TXT 6.3.10: headers 4.3.7, the directory 4.3.12, its ends 4.3.14 to 4.3.16, sizes of 64 bits 4.5.3). The
 * JDK's reader does not say where that is.
 *
 * <p>Nothing lies behind the directory's end. Checksums are not compared: torch.save may be told to leave them out.
 */
final class StoredZip {
    private static final int HEADER = 0x04034b50;
    private static final int HEADER_BYTES = 30;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_BYTES = 46;
    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int LOCATOR_64 = 0x07064b50;
    private static final int LOCATOR_64_BYTES = 20;
    private static final int END_64 = 0x06064b50;
    private static final int END_64_BYTES = 56;

    /** Of an entry's fields: the one with numbers of 64 bits, for those that have all of these 32 bits set. */
    private static final int FIELD_64 = 1;

    private static final long IN_FIELD_64 = 0xFFFF_FFFFL;

    /** An entry takes 200 bytes; no model has a tenth as many tensors. */
    private static final int MOST_ENTRIES = 1 << 16;

    private static final int MOST_DIRECTORY_BYTES = 16 << 20;

    private final String file;
    private final ByteSource bytes;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** Where the directory begins, and so the last file ends. */
    private final long end;

    /** What the directory says of a file; its header lies before it. */
    private record Entry(int flags, int method, long size, long stored, long header) {}

    /** Where a file's bytes are in the archive. */
    record Place(long position, long size) {}

    /**
     * Reads the directory.
     *
     * @throws BadFileException if there is none, or it breaks a rule
     */
    StoredZip(String file, ByteSource bytes) throws IOException {
        this.file = file;
        this.bytes = bytes;
        long last = bytes.size() - END_BYTES;
        ByteBuffer record = last < 0 ? null : read(last, END_BYTES);
        if (record == null || record.getInt(0) != END || unsigned16(record, 20) != 0) {
            throw bad("does not end as a zip archive does: it is cut short, or none");
        }
        ByteBuffer record64 = record64(last);
        boolean is64 = record64 != null;
        long count = is64 ? record64.getLong(32) : unsigned16(record, 10);
        long size = is64 ? record64.getLong(40) : unsigned32(record, 12);
        long start = is64 ? record64.getLong(48) : unsigned32(record, 16);
        long until = is64 ? last - LOCATOR_64_BYTES - END_64_BYTES : last;
        if (size < 0 || size > until || start != until - size) {
            throw bad("has a directory of " + size + " bytes at byte " + start + ", which must end at byte " + until);
        }
        if (size > MOST_DIRECTORY_BYTES || count < 0 || count > MOST_ENTRIES) {
            throw bad("has a directory of " + count + " files and " + size + " bytes; up to " + MOST_ENTRIES + " and "
                    + MOST_DIRECTORY_BYTES + " are read");
        }
        end = start;
        ByteBuffer directory = read(start, (int) size);
        for (int i = 0; i < count; i++) {
            readEntry(directory);
        }
        if (directory.hasRemaining()) {
            throw bad("has a directory of more than the " + count + " files that its end counts");
        }
    }

    /** The end of a directory in 64 bits, right before its place and the end in 32; null if there is none. */
    private ByteBuffer record64(long last) throws IOException {
        long at = last - LOCATOR_64_BYTES;
        ByteBuffer locator = at < END_64_BYTES ? null : read(at, LOCATOR_64_BYTES);
        if (locator == null || locator.getInt(0) != LOCATOR_64) {
            return null;
        }
        ByteBuffer record = read(at - END_64_BYTES, END_64_BYTES);
        if (locator.getLong(8) != at - END_64_BYTES || record.getInt(0) != END_64) {
            throw bad("its directory's end in 64 bits is not where it says");
        }
        return record;
    }

    private void readEntry(ByteBuffer directory) {
        int at = directory.position();
        boolean whole = directory.remaining() >= ENTRY_BYTES && directory.getInt(at) == ENTRY;
        int nameBytes = whole ? unsigned16(directory, at + 28) : 0;
        int fieldBytes = whole ? unsigned16(directory, at + 30) : 0;
        int all = whole ? ENTRY_BYTES + nameBytes + fieldBytes + unsigned16(directory, at + 32) : 0;
        if (!whole || all > directory.remaining()) {
            throw bad("its directory breaks off after " + entries.size() + " files");
        }
        var name = new byte[nameBytes];
        directory.get(at + ENTRY_BYTES, name);
        ByteBuffer fields = slice(directory, at + ENTRY_BYTES + nameBytes, fieldBytes);
        ByteBuffer numbers64 = numbers64(fields);
        var entry = new Entry(
                unsigned16(directory, at + 8),
                unsigned16(directory, at + 10),
                number(directory, at + 24, numbers64),
                number(directory, at + 20, numbers64),
                number(directory, at + 42, numbers64));
        // Whatever alphabet that is: as bytes names are the same or not.
        String text = new String(name, StandardCharsets.ISO_8859_1);
        if (entries.put(text, entry) != null) {
            throw bad("has two files " + text);
        }
        directory.position(at + all);
    }

    /** The field of numbers in 64 bits; empty if there is none. */
    private static ByteBuffer numbers64(ByteBuffer fields) {
        while (fields.remaining() >= 4) {
            int id = unsigned16(fields, fields.position());
            int size = unsigned16(fields, fields.position() + 2);
            int from = fields.position() + 4;
            if (size > fields.limit() - from) {
                break;
            }
            if (id == FIELD_64) {
                return slice(fields, from, size);
            }
            fields.position(from + size);
        }
        return slice(fields, 0, 0);
    }

    /** A number of 32 bits, or the next one of 64 where it says so. */
    private long number(ByteBuffer directory, int at, ByteBuffer numbers64) {
        long number = unsigned32(directory, at);
        if (number != IN_FIELD_64) {
            return number;
        }
        if (numbers64.remaining() < Long.BYTES) {
            throw bad("its directory lacks the 64 bits of a number after " + entries.size() + " files");
        }
        return numbers64.getLong();
    }

    /** The name of its first file; empty if it has none. */
    String first() {
        return entries.isEmpty() ? "" : entries.keySet().iterator().next();
    }

    boolean has(String name) {
        return entries.containsKey(name);
    }

    /**
     * Where a file lies.
     *
     * @throws BadFileException if it is absent, encrypted, compressed or beyond the archive's end, or its header is not what the directory says
     */
    Place place(String name) throws IOException {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw bad("has no file " + name);
        }
        if ((entry.flags & 1) != 0) {
            throw bad(name + " is encrypted" + TorchObjects.WAY_OUT);
        }
        if (entry.method != 0) {
            throw bad(name + " is compressed, by method " + entry.method + "; read are files that are stored"
                    + TorchObjects.WAY_OUT);
        }
        if (entry.size != entry.stored) {
            throw bad(name + " has " + entry.size + " bytes and is stored in " + entry.stored);
        }
        long position = entry.header + HEADER_BYTES + name.length();
        if (entry.header < 0 || entry.header > end - HEADER_BYTES - name.length()) {
            throw bad(name + " begins at byte " + entry.header + ", its files end at byte " + end);
        }
        ByteBuffer header = read(entry.header, HEADER_BYTES + name.length());
        position += unsigned16(header, 28);
        boolean same = header.getInt(0) == HEADER
                && unsigned16(header, 26) == name.length()
                && name.equals(new String(header.array(), HEADER_BYTES, name.length(), StandardCharsets.ISO_8859_1));
        if (!same) {
            throw bad("has no header of " + name + " at byte " + entry.header);
        }
        if (entry.size < 0 || entry.size > end - position) {
            throw bad(name + " has " + entry.size + " bytes from byte " + position + " on, its files end at byte " + end
                    + ": it is cut short or corrupt");
        }
        return new Place(position, entry.size);
    }

    /** A file's bytes, of which there must not be more. */
    ByteBuffer read(String name, int most) throws IOException {
        Place place = place(name);
        if (place.size > most) {
            throw bad(name + " has " + place.size + " bytes; up to " + most + " are read");
        }
        return read(place.position, (int) place.size);
    }

    private ByteBuffer read(long position, int count) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(count);
        bytes.read(position, into);
        return into.flip().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer slice(ByteBuffer bytes, int from, int count) {
        return bytes.slice(from, count).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int unsigned16(ByteBuffer bytes, int at) {
        return Short.toUnsignedInt(bytes.getShort(at));
    }

    private static long unsigned32(ByteBuffer bytes, int at) {
        return Integer.toUnsignedLong(bytes.getInt(at));
    }

    private BadFileException bad(String fact) {
        return new BadFileException(file, fact);
    }
}
