package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * A safetensors file: eight bytes of header length, a JSON header, the tensors' bytes.
 *
 * <p>Tensors are read from the file when asked for. A matrix of dtype I8 with a tensor {@code NAME.scale} of a scale for each row is one
 * tensor here, {@code scale * byte} (see {@link StoredType#S8}).
 */
public final class Safetensors implements WeightSource {
    private static final String METADATA = "__metadata__";

    /** What the scales of a matrix are called after it. */
    static final String SCALE = ".scale";

    /** Bytes of one element, by the format's name for its type. */
    static final Map<String, Integer> ELEMENT_BYTES = Map.ofEntries(
            Map.entry("BOOL", 1),
            Map.entry("U8", 1),
            Map.entry("I8", 1),
            Map.entry("F8_E5M2", 1),
            Map.entry("F8_E4M3", 1),
            Map.entry("F8_E8M0", 1),
            Map.entry("I16", 2),
            Map.entry("U16", 2),
            Map.entry("F16", 2),
            Map.entry("BF16", 2),
            Map.entry("I32", 4),
            Map.entry("U32", 4),
            Map.entry("F32", 4),
            Map.entry("F64", 8),
            Map.entry("I64", 8),
            Map.entry("U64", 8),
            Map.entry("C64", 8));

    private final String file;
    private final ByteSource bytes;
    private final ElementReader elements;
    private final Map<String, Entry> entries;
    private final Set<String> names;
    private final Map<String, String> metadata;
    private final long dataStart;

    /** One tensor of the header; begin and end are bytes counted from the end of the header. */
    private record Entry(String name, String dtype, long[] shape, long begin, long end) {}

    private Safetensors(String file, ByteSource bytes, JsonFile header, long dataStart, long fileSize) {
        this.file = file;
        this.bytes = bytes;
        this.elements = new ElementReader(file, bytes);
        this.dataStart = dataStart;
        this.metadata = metadata(header);
        this.entries = new LinkedHashMap<>();
        header.root().properties().forEach(field -> {
            if (!field.getKey().equals(METADATA)) {
                entries.put(field.getKey(), entry(field.getKey(), field.getValue()));
            }
        });
        requireContiguous(fileSize - dataStart);
        names = new LinkedHashSet<>(entries.keySet());
        for (Entry entry : entries.values()) {
            if (entry.dtype.equals("I8")) {
                names.remove(entry.name + SCALE);
            }
        }
    }

    /**
     * Opens a file and checks its whole header.
     *
     * @throws BadFileException if there is no such file or it breaks a rule of the format
     */
    public static Safetensors open(Path path) throws IOException {
        return of(path.toString(), ByteSource.open(path));
    }

    /** Takes over a file's bytes and checks its whole header; see {@link #open}. */
    public static Safetensors of(String file, ByteSource bytes) throws IOException {
        try {
            long size = bytes.size();
            if (size < 8) {
                throw new BadFileException(file, "has " + size + " bytes, a safetensors file has at least 8");
            }
            int begin = (int) Math.min(size, LfsPointer.length());
            LfsPointer.refuse(file, read(bytes, 0, ByteBuffer.allocate(begin)).array());
            long headerBytes = read(bytes, 0, ByteBuffer.allocate(8)).getLong(0);
            // Compared without a sum, which could overflow; as unsigned, because the format says so.
            if (Long.compareUnsigned(headerBytes, Math.min(size - 8, JsonFile.MAX_BYTES)) > 0) {
                throw new BadFileException(
                        file,
                        "header length " + Long.toUnsignedString(headerBytes) + " exceeds "
                                + (headerBytes > size - 8 || headerBytes < 0
                                        ? "the file's " + size + " bytes"
                                        : "the limit of " + JsonFile.MAX_BYTES + " bytes"));
            }
            byte[] header =
                    read(bytes, 8, ByteBuffer.allocate((int) headerBytes)).array();
            if (header.length == 0 || header[0] != '{') {
                throw new BadFileException(file, "header does not begin with {: not a safetensors file");
            }
            return new Safetensors(file, bytes, JsonFile.parse(file, header), 8 + headerBytes, size);
        } catch (Throwable e) {
            bytes.close();
            throw e;
        }
    }

    /** The file's free-form metadata, possibly empty. */
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public String description() {
        return file;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    @Override
    public long[] shape(String name) {
        return find(name).shape.clone();
    }

    @Override
    public String type(String name) {
        return find(name).dtype;
    }

    @Override
    public void read(String name, MemorySegment destination) {
        read(name, destination, true);
    }

    /** {@link #read(String, MemorySegment)}; without the check for NaN and infinity where a checksum vouches for the values. */
    public void read(String name, MemorySegment destination, boolean checkFinite) {
        Entry entry = find(name);
        try (Arena arena = Arena.ofConfined()) {
            read(entry, decoder(entry, arena), destination, checkFinite);
        }
    }

    /** Bytes that have scales are scaled here too. */
    @Override
    public void readNumbers(String name, MemorySegment destination) {
        Entry entry = find(name);
        Optional<StoredInteger> whole = StoredInteger.of(entry.dtype);
        if (whole.isEmpty() || entries.containsKey(name + SCALE)) {
            read(name, destination);
        } else {
            read(entry, whole.get()::decode, destination, false);
        }
    }

    private void read(Entry entry, ElementReader.Decoder decoder, MemorySegment destination, boolean checkFinite) {
        int each = ELEMENT_BYTES.get(entry.dtype);
        var place = new ElementReader.Place(dataStart + entry.begin, (entry.end - entry.begin) / each, each);
        elements.read(entry.name, place, decoder, destination, checkFinite);
    }

    private ElementReader.Decoder decoder(Entry entry, Arena arena) {
        if (entry.dtype.equals("I8")) {
            MemorySegment scales = scales(entry, arena);
            return (from, count, floats, at) -> ScaledRows.decode(from, count, floats, at, scales, entry.shape[1]);
        }
        return StoredFloat.of(entry.dtype)
                .orElseThrow(() -> new BadFileException(
                        file,
                        "tensor " + entry.name + " has dtype " + entry.dtype
                                + "; weights are F32, F16, BF16, F64 or scaled I8"))::decode;
    }

    /** The scales of the rows of a matrix of bytes. They lie in the file, so it bounds how many there are. */
    private MemorySegment scales(Entry matrix, Arena arena) {
        Entry entry = entries.get(matrix.name + SCALE);
        if (entry == null) {
            throw new BadFileException(
                    file,
                    "tensor " + matrix.name + " has dtype I8, but there is no tensor " + matrix.name + SCALE
                            + " with the scale of each row");
        }
        boolean fits = matrix.shape.length == 2 && Arrays.equals(entry.shape, new long[] {matrix.shape[0]});
        if (!fits || !entry.dtype.equals("F32")) {
            throw new BadFileException(
                    file,
                    "tensor " + entry.name + " is " + entry.dtype + " " + Arrays.toString(entry.shape)
                            + "; must be F32 with a value for each row of the I8 matrix " + matrix.name + " "
                            + Arrays.toString(matrix.shape));
        }
        MemorySegment scales = arena.allocate(entry.end - entry.begin, Float.BYTES);
        read(entry.name, scales, true);
        for (long row = 0; row < entry.shape[0]; row++) {
            float scale = scales.getAtIndex(ValueLayout.JAVA_FLOAT, row);
            if (scale < 0) {
                throw new BadFileException(
                        file,
                        "tensor " + entry.name + ": element " + row + " is " + scale + "; scales are not negative");
            }
        }
        return scales;
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
            throw new BadFileException(file, "has no tensor " + name);
        }
        return entry;
    }

    private Map<String, String> metadata(JsonFile header) {
        Map<String, String> result = new LinkedHashMap<>();
        if (header.root().has(METADATA)) {
            JsonNode object = header.root().get(METADATA);
            if (!object.isObject() || !object.values().stream().allMatch(JsonNode::isString)) {
                throw new BadFileException(file, METADATA + " must be an object of strings");
            }
            object.properties().forEach(e -> result.put(e.getKey(), e.getValue().stringValue()));
        }
        return Collections.unmodifiableMap(result);
    }

    private Entry entry(String name, JsonNode fields) {
        String dtype = fields.path("dtype").asString("missing");
        Integer bytes = ELEMENT_BYTES.get(dtype);
        if (bytes == null) {
            throw new BadFileException(file, "tensor " + name + ": unknown dtype " + dtype);
        }
        long[] shape = naturals(name, "shape", fields);
        long[] offsets = naturals(name, "data_offsets", fields);
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw new BadFileException(
                    file, "tensor " + name + ": data_offsets must be [begin, end] with begin <= end");
        }
        try {
            long size = bytes;
            for (long dimension : shape) {
                size = Math.multiplyExact(size, dimension);
            }
            if (size != offsets[1] - offsets[0]) {
                throw new BadFileException(
                        file,
                        "tensor " + name + ": " + dtype + " of this shape takes " + size
                                + " bytes, its data_offsets span " + (offsets[1] - offsets[0]));
            }
        } catch (ArithmeticException e) {
            throw new BadFileException(file, "tensor " + name + ": its shape overflows", e);
        }
        return new Entry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private long[] naturals(String name, String field, JsonNode fields) {
        JsonNode array = fields.path(field);
        boolean good = array.isArray()
                && array.values().stream()
                        .allMatch(v -> v.isIntegralNumber() && v.canConvertToLong() && v.longValue() >= 0);
        if (!good) {
            throw new BadFileException(file, "tensor " + name + ": " + field + " must be an array of integers from 0");
        }
        return array.values().stream().mapToLong(JsonNode::longValue).toArray();
    }

    /** The format allows neither overlaps nor holes nor bytes after the last tensor, so that a file has one meaning only. */
    private void requireContiguous(long dataBytes) {
        List<Entry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long end = 0;
        for (Entry entry : inOrder) {
            if (entry.begin != end) {
                throw new BadFileException(
                        file,
                        "tensor " + entry.name + " begins at byte " + entry.begin + " of the data, "
                                + (entry.begin < end
                                        ? "inside the tensor before it, which ends at "
                                        : "after a hole from ")
                                + end);
            }
            end = entry.end;
            if (end > dataBytes) {
                throw new BadFileException(
                        file,
                        "tensor " + entry.name + " ends at byte " + end + " of the data, which has only " + dataBytes
                                + ": the file is cut short or corrupt");
            }
        }
        if (end != dataBytes) {
            throw new BadFileException(file, "has " + (dataBytes - end) + " bytes after its last tensor");
        }
    }

    /** Fills a buffer from a place in the file; the buffer comes back at position 0, little-endian. */
    private static ByteBuffer read(ByteSource bytes, long position, ByteBuffer into) throws IOException {
        bytes.read(position, into);
        return into.position(0).order(ByteOrder.LITTLE_ENDIAN);
    }
}
