package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TorchObjects.Storage;
import io.tokenwise.io.TorchObjects.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a file of PyTorch's holds.
 *
 * @param tensors by their names
 * @param memories where the memory lies that they lie in, by its key
 */
record TorchContents(Map<String, Tensor> tensors, Map<String, StoredZip.Place> memories) {
    /** A tensor takes 150 bytes. */
    private static final int MOST_PICKLE_BYTES = 4 << 20;

    /** The pickle that an older file begins with, a number of ten bytes. */
    private static final byte[] MAGIC = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e");

    /** That of the form, since 2016. */
    private static final Long VERSION = 1001L;

    private static final String STATE_DICT = "; must be tensors, as torch.save(model.state_dict(), file) writes them";

    /** @throws BadFileException if it is in no form that torch.save writes, or of anything else than tensors */
    static TorchContents read(String file, ByteSource bytes) throws IOException {
        LfsPointer.refuse(file, start(bytes, LfsPointer.length()).array());
        ByteBuffer first = start(bytes, 2);
        boolean zip = first.limit() == 2 && first.get(0) == 'P' && first.get(1) == 'K';
        return zip ? archive(file, new StoredZip(file, bytes)) : pickles(file, bytes, start(bytes, MOST_PICKLE_BYTES));
    }

    private static ByteBuffer start(ByteSource bytes, int most) throws IOException {
        ByteBuffer start = ByteBuffer.allocate((int) Math.min(most, bytes.size()));
        bytes.read(0, start);
        return start.flip();
    }

    /** A zip archive, all of whose files lie in one folder of any name: a pickle, and a file for each memory. */
    private static TorchContents archive(String file, StoredZip zip) throws IOException {
        String folder = zip.first().substring(0, zip.first().indexOf('/') + 1);
        String pickle = folder + "data.pkl";
        if (folder.isEmpty() || !zip.has(pickle)) {
            throw new BadFileException(
                    file, "is a zip archive without a data.pkl in its folder: torch.save has not written it");
        }
        if (zip.has(folder + "constants.pkl")) {
            throw new BadFileException(file, "is TorchScript, a program" + STATE_DICT);
        }
        requireLittleEndian(file, zip, folder + "byteorder");
        var in = new BinaryReader(file, pickle, zip.read(pickle, MOST_PICKLE_BYTES));
        Map<String, Tensor> tensors = tensors(file, new Pickle(in).next());
        Map<String, StoredZip.Place> memories = new HashMap<>();
        for (Tensor tensor : tensors.values()) {
            String key = tensor.storage().key();
            if (!memories.containsKey(key)) {
                memories.put(key, zip.place(folder + "data/" + key));
            }
        }
        return new TorchContents(tensors, memories);
    }

    private static void requireLittleEndian(String file, StoredZip zip, String name) throws IOException {
        // Before 2.1 files said nothing, and machines with the other order were not asked about.
        String order = zip.has(name)
                ? StandardCharsets.ISO_8859_1.decode(zip.read(name, 16)).toString()
                : "little";
        if (!order.equals("little")) {
            throw new BadFileException(
                    file,
                    name + " says that bytes have the order " + order + "; read is little" + TorchObjects.WAY_OUT);
        }
    }

    /**
     * As of PyTorch before 1.6 ({@code _legacy_save}): pickles of what the machine is like, of the tensors, and of their memories' keys; then these, each behind the number of its
     * elements.
     */
    private static TorchContents pickles(String file, ByteSource bytes, ByteBuffer start) throws IOException {
        if (start.limit() < MAGIC.length || !start.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            throw new BadFileException(
                    file,
                    "begins neither as a zip archive nor as PyTorch's older files do: torch.save has not written it");
        }
        var in = new BinaryReader(file, "its pickles", start.position(MAGIC.length));
        var pickles = new Pickle(in);
        boolean known = VERSION.equals(pickles.next())
                && pickles.next() instanceof Map<?, ?> machine
                && Boolean.TRUE.equals(machine.get("little_endian"));
        if (!known) {
            throw in.bad("say that version or order of bytes are others than " + VERSION + " and little"
                    + TorchObjects.WAY_OUT);
        }
        Map<String, Tensor> tensors = tensors(file, pickles.next());
        Map<String, Storage> storages = new HashMap<>();
        tensors.values().forEach(tensor -> storages.put(tensor.storage().key(), tensor.storage()));
        Map<String, StoredZip.Place> memories = new HashMap<>();
        List<?> keys = pickles.next() instanceof List<?> list ? list : List.of();
        long position = start.limit() - in.remaining();
        for (Object key : keys) {
            Storage storage = key instanceof String text ? storages.get(text) : null;
            if (storage == null || memories.containsKey(storage.key())) {
                throw in.bad("list a memory that is no tensor's, or one twice");
            }
            long size = size(file, bytes, position, storage);
            memories.put(storage.key(), new StoredZip.Place(position + Long.BYTES, size));
            position += Long.BYTES + size;
        }
        if (position != bytes.size() || memories.size() != storages.size()) {
            throw in.bad("list " + memories.size() + " memories up to byte " + position + "; tensors have "
                    + storages.size() + ", the file has " + bytes.size() + " bytes");
        }
        return new TorchContents(tensors, memories);
    }

    /** The bytes of a memory, before which the number of its elements must be there. */
    private static long size(String file, ByteSource bytes, long position, Storage storage) throws IOException {
        long left = bytes.size() - position - Long.BYTES;
        ByteBuffer count = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (left >= 0) {
            bytes.read(position, count);
        }
        int each = Safetensors.ELEMENT_BYTES.get(storage.type());
        if (left < 0 || count.getLong(0) != storage.elements() || storage.elements() > left / each) {
            throw new BadFileException(
                    file,
                    "has no memory of " + storage.elements() + " " + storage.type() + " at byte " + position
                            + ": it is cut short or corrupt");
        }
        return storage.elements() * each;
    }

    private static Map<String, Tensor> tensors(String file, Object all) {
        if (!(all instanceof Map<?, ?> dictionary)) {
            throw new BadFileException(file, "holds " + TorchObjects.kind(all) + STATE_DICT);
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        dictionary.forEach((name, value) -> {
            if (!(value instanceof Tensor tensor)) {
                throw new BadFileException(
                        file, "holds " + TorchObjects.kind(value) + " by the name of " + name + STATE_DICT);
            }
            tensors.put((String) name, tensor);
        });
        return tensors;
    }
}
