package io.tokenwise.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Writes checkpoints as TensorFlow does: messages of protobuf in a table of LevelDB, and a file of floats. What is written may be wrong. */
final class TensorFlowBundleFiles {
    /** Keys of a block that are whole, as LevelDB's {@code block_restart_interval}. */
    private static final int WHOLE_EVERY = 4;

    private final SortedMap<String, byte[]> entries = new TreeMap<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    /** With a header for one data file. */
    TensorFlowBundleFiles() {
        entry("", header(1, 0));
    }

    static byte[] header(int shards, int byteOrder) {
        var header = new Message().number(1, shards).number(2, byteOrder);
        return header.bytes(3, new Message().number(1, 1)).toBytes();
    }

    /** Adds a tensor behind the others. */
    TensorFlowBundleFiles tensor(String name, float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        entry(
                name,
                entry(1, shape, 0, data.size(), bytes.capacity(), MaskedChecksum.of(bytes))
                        .toBytes());
        data.writeBytes(bytes.array());
        return this;
    }

    /** Adds or replaces an entry of the index. */
    TensorFlowBundleFiles entry(String name, byte[] message) {
        entries.put(name, message);
        return this;
    }

    static Message entry(int type, long[] shape, int shard, long offset, long size, int checksum) {
        var dimensions = new Message();
        for (long dimension : shape) {
            dimensions.bytes(2, new Message().number(1, dimension));
        }
        return new Message()
                .number(1, type)
                .bytes(2, dimensions)
                .number(3, shard)
                .number(4, offset)
                .number(5, size)
                .fixed32(6, checksum);
    }

    byte[] data() {
        return data.toByteArray();
    }

    /** The index, with so many entries in each data block. */
    byte[] index(int entriesOfBlock) {
        var file = new Table();
        Map<String, byte[]> handles = new LinkedHashMap<>();
        SortedMap<String, byte[]> block = new TreeMap<>();
        for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
            block.put(entry.getKey(), entry.getValue());
            if (block.size() == entriesOfBlock || entry.getKey().equals(entries.lastKey())) {
                handles.put(entry.getKey(), file.block(content(block), 0));
                block.clear();
            }
        }
        byte[] meta = file.block(content(Map.of()), 0);
        byte[] index = file.block(content(handles), 0);
        return file.footer(meta, index);
    }

    void write(Path folder) throws IOException {
        write(folder, index(Integer.MAX_VALUE), data());
    }

    static void write(Path folder, byte[] index, byte[] data) throws IOException {
        Files.write(folder.resolve(TensorFlowBundle.INDEX), index);
        Files.write(folder.resolve(TensorFlowBundle.DATA), data);
    }

    /** Entries with their keys cut, and where keys are whole. */
    static byte[] content(Map<String, byte[]> entries) {
        var block = new Message();
        var restarts = new ByteArrayOutputStream();
        int number = 0;
        String last = "";
        for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
            String key = entry.getKey();
            int shared = 0;
            if (number++ % WHOLE_EVERY == 0) {
                restarts.writeBytes(fixed32(block.size()));
            } else {
                while (shared < Math.min(last.length(), key.length()) && last.charAt(shared) == key.charAt(shared)) {
                    shared++;
                }
            }
            byte[] rest = key.substring(shared).getBytes(StandardCharsets.UTF_8);
            block.varint(shared).varint(rest.length).varint(entry.getValue().length);
            block.raw(rest).raw(entry.getValue());
            last = key;
        }
        int count = restarts.size() / Integer.BYTES;
        return block.raw(restarts.toByteArray()).raw(fixed32(count)).toBytes();
    }

    private static byte[] fixed32(int value) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    /** A table's blocks one after the other. */
    static final class Table {
        private final Message file = new Message();

        /** Adds a block, and gives where it lies. */
        byte[] block(byte[] content, int compression) {
            byte[] handle =
                    new Message().varint(file.size()).varint(content.length).toBytes();
            byte[] typed = new Message()
                    .raw(content)
                    .raw(new byte[] {(byte) compression})
                    .toBytes();
            file.raw(typed).raw(fixed32(MaskedChecksum.of(ByteBuffer.wrap(typed))));
            return handle;
        }

        byte[] footer(byte[] meta, byte[] index) {
            byte[] handles = new Message().raw(meta).raw(index).toBytes();
            file.raw(Arrays.copyOf(handles, LevelDbTable.FOOTER_BYTES - Long.BYTES));
            return file.raw(fixed32((int) LevelDbTable.MAGIC))
                    .raw(fixed32((int) (LevelDbTable.MAGIC >>> 32)))
                    .toBytes();
        }
    }

    /** A message of protobuf, or other bytes, that grow. */
    static final class Message {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Message varint(long value) {
            long rest = value;
            for (; (rest & ~0x7FL) != 0; rest >>>= 7) {
                bytes.write((int) rest & 0x7F | 0x80);
            }
            bytes.write((int) rest);
            return this;
        }

        Message raw(byte[] more) {
            bytes.writeBytes(more);
            return this;
        }

        Message number(int field, long value) {
            return varint(field << 3L).varint(value);
        }

        Message bytes(int field, Message message) {
            return varint(field << 3L | 2).varint(message.size()).raw(message.toBytes());
        }

        Message fixed32(int field, int value) {
            return varint(field << 3L | 5).raw(TensorFlowBundleFiles.fixed32(value));
        }

        int size() {
            return bytes.size();
        }

        byte[] toBytes() {
            return bytes.toByteArray();
        }
    }
}
