package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A sorted table of keys and values, as LevelDB lays it out (its doc/table_format.md) and TensorFlow writes it: blocks, each with its checksum; one of them lists
 * the data blocks, and a footer of {@value #FOOTER_BYTES} bytes says where that is. Of a key a block has only what differs from the one before it.
 *
 * <p>Work and memory are bounded by the file's size times a key's: blocks follow each other, and keys ascend.
 */
final class LevelDbTable {
    static final int FOOTER_BYTES = 48;
    static final long MAGIC = 0xdb4775248b80fb57L;

    /** After a block: how it is compressed, and its checksum. */
    static final int TRAILER_BYTES = 5;

    /** Names of tensors have some 80 characters. */
    private static final int MOST_KEY_BYTES = 512;

    /** A key that shares all but a byte with the one before it takes 1,200 bytes, and five of the file. */
    private static final int MOST_ENTRIES = 1 << 15;

    private final String file;
    private final ByteBuffer bytes;
    private final List<Entry> entries = new ArrayList<>();

    /** A key, and its value to be read. */
    record Entry(String key, BinaryReader value) {}

    /** Where a block lies, without its trailer. */
    private record Handle(int offset, int size) {}

    private LevelDbTable(String file, ByteBuffer bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /**
     * All entries, their keys ascending.
     *
     * @param bytes of the whole file
     * @throws BadFileException if a byte of it is not what it must be
     */
    static List<Entry> read(String file, byte[] bytes) {
        return new LevelDbTable(file, ByteBuffer.wrap(bytes)).read();
    }

    private List<Entry> read() {
        int blocks = bytes.limit() - FOOTER_BYTES;
        if (blocks < 0) {
            throw new BadFileException(
                    file,
                    "has " + bytes.limit() + " bytes, the footer alone of a TensorFlow index has " + FOOTER_BYTES);
        }
        var footer = new BinaryReader(file, "its footer", bytes.slice(blocks, FOOTER_BYTES));
        Handle meta = handle(footer);
        Handle index = handle(footer);
        while (footer.remaining() > Long.BYTES) {
            if (footer.take(1)[0] != 0) {
                throw footer.bad("has other bytes than zeros after the places of its blocks");
            }
        }
        long magic = footer.fixed64();
        if (magic != MAGIC) {
            throw footer.bad("ends with " + Long.toHexString(magic) + ", not " + Long.toHexString(MAGIC)
                    + ": not the index of a TensorFlow checkpoint, or cut short");
        }
        int end = 0;
        for (Entry block : block(index, "its list of blocks", blocks)) {
            Handle handle = handle(block.value());
            end = requireNext(handle, end, "a data block");
            String name = "the block at byte " + handle.offset();
            for (Entry entry : block(handle, name, blocks)) {
                requireAscending(entries, entry);
                entries.add(entry);
            }
        }
        // Nothing is in it that we need, but the file is whole only if it is.
        block(meta, "its block of metadata", blocks);
        if (requireNext(index, requireNext(meta, end, "the block of metadata"), "the list of blocks") != blocks) {
            throw new BadFileException(file, "has bytes between its list of blocks and its footer");
        }
        return entries;
    }

    private static Handle handle(BinaryReader from) {
        return new Handle(from.length(), from.length());
    }

    /** Each block begins where the one before it ends, so no byte is read twice; gives where this one ends. */
    private int requireNext(Handle handle, int end, String what) {
        if (handle.offset() != end) {
            throw new BadFileException(
                    file, what + " begins at byte " + handle.offset() + ", the block before it ends at " + end);
        }
        return end + handle.size() + TRAILER_BYTES;
    }

    private void requireAscending(List<Entry> before, Entry entry) {
        if (before.size() == MOST_ENTRIES) {
            throw new BadFileException(file, "has more than " + MOST_ENTRIES + " entries");
        }
        if (!before.isEmpty() && entry.key().compareTo(before.getLast().key()) <= 0) {
            throw new BadFileException(
                    file,
                    "its key " + entry.key() + " does not come after "
                            + before.getLast().key());
        }
    }

    /** The entries of a block that lies before a place in the file. */
    private List<Entry> block(Handle handle, String name, int before) {
        if ((long) handle.offset() + handle.size() + TRAILER_BYTES > before) {
            throw new BadFileException(
                    file,
                    name + ": " + handle.size() + " bytes from byte " + handle.offset()
                            + " on do not fit before the footer at " + before);
        }
        byte compression = bytes.get(handle.offset() + handle.size());
        if (compression != 0) {
            throw new BadFileException(
                    file, name + ": is compressed (type " + compression + "); supported: blocks that are not (type 0)");
        }
        var trailer = new BinaryReader(file, name, bytes.slice(handle.offset() + handle.size() + 1, Integer.BYTES));
        int stored = trailer.fixed32();
        int computed = MaskedChecksum.of(bytes.slice(handle.offset(), handle.size() + 1));
        if (stored != computed) {
            throw trailer.bad("has the checksum " + Integer.toHexString(stored) + ", its bytes have "
                    + Integer.toHexString(computed) + ": the file is damaged");
        }
        return entries(new BinaryReader(file, name, bytes.slice(handle.offset(), handle.size())), name);
    }

    /** Entries come first, then the places where keys are whole, which only who searches needs, and their number. */
    private List<Entry> entries(BinaryReader block, String name) {
        BinaryReader content = withoutRestarts(block, name);
        var found = new ArrayList<Entry>();
        var key = new byte[0];
        while (content.remaining() > 0) {
            int shared = content.length();
            int added = content.length();
            int value = content.length();
            if (shared > key.length || added > MOST_KEY_BYTES - shared) {
                throw content.bad("a key has " + shared + " bytes of the one before it, which has " + key.length
                        + ", and " + added + " more; at most " + MOST_KEY_BYTES + " in all");
            }
            byte[] rest = content.take(added);
            key = Arrays.copyOf(key, shared + added);
            System.arraycopy(rest, 0, key, shared, added);
            String text = content.text(key);
            var entry = new Entry(text, content.take(value, text.isEmpty() ? "its header" : "tensor " + text));
            requireAscending(found, entry);
            found.add(entry);
        }
        return found;
    }

    private static BinaryReader withoutRestarts(BinaryReader block, String name) {
        int size = block.remaining();
        if (size < Integer.BYTES) {
            throw block.bad("has " + size + " bytes, the least is " + Integer.BYTES);
        }
        BinaryReader content = block.take(size - Integer.BYTES, name);
        int restarts = block.fixed32();
        long bytes = (long) Integer.BYTES * Integer.toUnsignedLong(restarts);
        if (bytes > content.remaining()) {
            throw block.bad("says that it has " + Integer.toUnsignedString(restarts) + " whole keys, more than fit");
        }
        return content.take(content.remaining() - (int) bytes, name);
    }
}
