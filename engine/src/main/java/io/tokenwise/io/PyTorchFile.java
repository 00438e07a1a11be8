package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TorchObjects.Storage;
import io.tokenwise.io.TorchObjects.Tensor;
import io.tokenwise.natives.Pages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A model's state_dict as PyTorch's torch.save writes it, such as {@value #NAME}: a zip archive with a pickle of the tensors' names and shapes, and a file for the memory that each lies in, or several
 * (torch/serialization.py, {@code _save}, and caffe2/serialize/inline_container.cc; at v2.13); before 1.6 the same one behind the other ({@code _legacy_save}).
 *
 * <p>Tensors are read from the file when asked for. A matrix that lies there transposed, as many do that came from TensorFlow, is given in its order; other tensors that do not lie row by row are refused.
 */
public final class PyTorchFile implements WeightSource {
    /** As transformers and sentence-transformers call it. */
    public static final String NAME = "pytorch_model.bin";

    /** A matrix is transposed with strips of 256 bytes for each row. */
    private static final int MOST_TRANSPOSED_ROWS = 1 << 17;

    private final String file;
    private final ByteSource bytes;
    private final ElementReader elements;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** How a tensor's elements lie in its memory. */
    private enum Order {
        ROWS,
        COLUMNS,
        OTHER
    }

    private record Entry(String type, long[] shape, Order order, ElementReader.Place place) {}

    private PyTorchFile(String file, ByteSource bytes, TorchContents contents) {
        this.file = file;
        this.bytes = bytes;
        this.elements = new ElementReader(file, bytes);
        contents.tensors()
                .forEach((name, tensor) -> entries.put(
                        name,
                        entry(
                                name,
                                tensor,
                                contents.memories().get(tensor.storage().key()))));
    }

    /**
     * Opens a file, and checks all but the tensors' values.
     *
     * @throws BadFileException if there is no such file, it is damaged, or it holds anything else than tensors
     */
    public static PyTorchFile open(Path path) throws IOException {
        return of(path.toString(), ByteSource.open(path));
    }

    /** Takes over a file's bytes and checks the same; see {@link #open}. */
    static PyTorchFile of(String file, ByteSource bytes) throws IOException {
        try {
            return new PyTorchFile(file, bytes, TorchContents.read(file, bytes));
        } catch (Throwable e) {
            bytes.close();
            throw e;
        }
    }

    private Entry entry(String name, Tensor tensor, StoredZip.Place memory) {
        Storage storage = tensor.storage();
        int each = Safetensors.ELEMENT_BYTES.get(storage.type());
        if (memory.size() % each != 0 || memory.size() / each != storage.elements()) {
            throw bad("tensor " + name + ": its memory has " + memory.size() + " bytes, not " + storage.elements() + " "
                    + storage.type());
        }
        try {
            long elements = 1;
            for (long side : tensor.shape()) {
                elements = Math.multiplyExact(elements, side);
            }
            Order order = order(tensor);
            if (elements > 0 && order != Order.OTHER && tensor.offset() > storage.elements() - elements) {
                throw bad("tensor " + name + ": has " + elements + " elements from " + tensor.offset()
                        + " on in a memory of " + storage.elements());
            }
            long position = memory.position() + (elements == 0 ? 0 : tensor.offset() * each);
            return new Entry(storage.type(), tensor.shape(), order, new ElementReader.Place(position, elements, each));
        } catch (ArithmeticException e) {
            throw new BadFileException(file, "tensor " + name + ": its shape overflows", e);
        }
    }

    private static Order order(Tensor tensor) {
        long[] shape = tensor.shape();
        long[] strides = tensor.strides();
        boolean columns = shape.length == 2 && shape[0] <= MOST_TRANSPOSED_ROWS && shape[1] <= Integer.MAX_VALUE;
        if (Arrays.stream(shape).anyMatch(side -> side == 0) || areRows(shape, strides)) {
            return Order.ROWS;
        }
        return columns && areRows(new long[] {shape[1], shape[0]}, new long[] {strides[1], strides[0]})
                ? Order.COLUMNS
                : Order.OTHER;
    }

    /** Whether elements follow each other row by row. The stride of a side of one element means nothing. */
    private static boolean areRows(long[] shape, long[] strides) {
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] != 1 && strides[i] != stride) {
                return false;
            }
            stride = Math.multiplyExact(stride, shape[i]);
        }
        return true;
    }

    @Override
    public String description() {
        return file;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(entries.keySet());
    }

    @Override
    public long[] shape(String name) {
        return find(name).shape.clone();
    }

    @Override
    public String type(String name) {
        return find(name).type;
    }

    @Override
    public void read(String name, MemorySegment destination) {
        Entry entry = find(name);
        ElementReader.Decoder decoder = decoder(name, entry.type);
        switch (entry.order) {
            case ROWS -> elements.read(name, entry.place, decoder, destination, true);
            case COLUMNS -> {
                StoredFloat.requireSize(destination, entry.place.elements(), file, name);
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment stored = Pages.allocate(arena, destination.byteSize(), Float.BYTES);
                    elements.read(name, entry.place, decoder, stored, true);
                    int rows = (int) entry.shape[0];
                    int columns = (int) entry.shape[1];
                    Transposition.copy(stored, rows, columns, rows, destination, columns);
                }
            }
            case OTHER ->
                throw bad("tensor " + name + ": its values lie neither row by row nor column by column"
                        + TorchObjects.WAY_OUT);
        }
    }

    private ElementReader.Decoder decoder(String name, String type) {
        return StoredFloat.of(type)
                        .orElseThrow(() ->
                                bad("tensor " + name + " has dtype " + type + "; weights are F32, F16, BF16 or F64"))
                ::decode;
    }

    @Override
    public void close() {
        try {
            bytes.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Entry find(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw bad("has no tensor " + name);
        }
        return entry;
    }

    private BadFileException bad(String fact) {
        return new BadFileException(file, fact);
    }
}
