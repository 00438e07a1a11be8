package io.tokenwise.fuzz.differ;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Random safetensors files: all types that Python's 0.4.5 knows, scalars and tensors without elements, names of all of Unicode, metadata,
 * tensors and fields in any order, white space and escapes wherever JSON has them.
 */
final class TensorFiles {
    private static final Map<String, Integer> BITS = new LinkedHashMap<>();

    static {
        for (String name : List.of("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3")) {
            BITS.put(name, 1);
        }
        for (String name : List.of("I16", "U16", "F16", "BF16")) {
            BITS.put(name, 2);
        }
        for (String name : List.of("I32", "U32", "F32")) {
            BITS.put(name, 4);
        }
        for (String name : List.of("F64", "I64", "U64")) {
            BITS.put(name, 8);
        }
    }

    private static final List<String> TYPES = List.copyOf(BITS.keySet());
    private static final List<String> WEIGHTS = List.of("F32", "F16", "BF16", "F64", "I8");

    private static final int MOST_TENSORS = 6;
    private static final int MOST_BYTES = 2_000;

    private final SplittableRandom random;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    private record Tensor(String type, int[] shape, byte[] data) {}

    private TensorFiles(SplittableRandom random) {
        this.random = random;
    }

    static Kind.Made make(SplittableRandom random) {
        return new TensorFiles(random).make();
    }

    private Kind.Made make() {
        for (int count = random.nextInt(MOST_TENSORS + 1); count > 0; count--) {
            // What models use more often than the rest.
            List<String> types = random.nextInt(3) == 0 ? TYPES : WEIGHTS;
            add(Words.text(random, 12), types.get(random.nextInt(types.size())));
        }
        List<String> inData = shuffled(tensors.keySet());
        Map<String, Integer> begins = new LinkedHashMap<>();
        int bytes = 0;
        for (String name : inData) {
            begins.put(name, bytes);
            bytes += tensors.get(name).data.length;
        }
        List<String> fields = new ArrayList<>();
        tensors.forEach((name, tensor) -> fields.add(text(name)
                + colon()
                + object(List.of(
                        text("dtype") + colon() + text(tensor.type),
                        text("shape") + colon() + array(tensor.shape),
                        text("data_offsets")
                                + colon()
                                + array(begins.get(name), begins.get(name) + tensor.data.length)))));
        if (random.nextBoolean()) {
            fields.add(text("__metadata__") + colon() + metadata());
        }
        // The format wants the header to begin with a brace, and allows spaces after it.
        byte[] header = (object(fields).strip() + " ".repeat(random.nextInt(9))).getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + bytes).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        inData.forEach(name -> file.put(tensors.get(name).data));
        String variety = tensors.values().stream()
                .map(Tensor::type)
                .collect(Collectors.toCollection(TreeSet::new))
                .toString();
        return new Kind.Made(variety, file.array());
    }

    private void add(String name, String type) {
        boolean scaled = type.equals("I8") && random.nextBoolean();
        int[] shape = scaled ? new int[] {random.nextInt(6), random.nextInt(9)} : shape(BITS.get(type));
        if (tensors.containsKey(name) || name.equals("__metadata__")) {
            return;
        }
        tensors.put(name, new Tensor(type, shape, data(type, shape)));
        if (scaled) {
            int[] rows = {shape[0]};
            byte[] scales = data("F32", rows);
            for (int i = 3; i < scales.length; i += 4) {
                // Neither negative nor infinite.
                scales[i] &= 0x3F;
            }
            tensors.put(name + ".scale", new Tensor("F32", rows, scales));
        }
    }

    /** None is a scalar's; a side may be 0. */
    private int[] shape(int elementBytes) {
        int[] shape = new int[random.nextInt(8) == 0 ? random.nextInt(12) : random.nextInt(4)];
        int room = MOST_BYTES / elementBytes;
        for (int i = 0; i < shape.length; i++) {
            shape[i] = random.nextInt(Math.min(12, room) + 1);
            if (shape[i] == 0 && random.nextInt(4) > 0) {
                shape[i] = 1;
            }
            room /= Math.max(1, shape[i]);
        }
        return shape;
    }

    /** All bits are values of all types, but that a BOOL is 0 or 1. A quarter are numbers at the ends of what a type has. */
    private byte[] data(String type, int... shape) {
        int each = BITS.get(type);
        byte[] data = new byte[each * Arrays.stream(shape).reduce(1, Math::multiplyExact)];
        random.nextBytes(data);
        for (int at = 0; at < data.length; at += each) {
            if (random.nextInt(4) == 0) {
                byte fill = Words.any(random, (byte) 0, (byte) -1);
                Arrays.fill(data, at, at + each, fill);
                data[at] = Words.any(random, fill, (byte) 1);
                data[at + each - 1] = Words.any(random, fill, (byte) 0x7F, (byte) 0x80, (byte) 0x00);
            }
            if (type.equals("BOOL")) {
                data[at] &= 1;
            }
        }
        return data;
    }

    private String metadata() {
        Map<String, String> entries = new LinkedHashMap<>();
        for (int count = random.nextInt(5); count > 0; count--) {
            entries.put(Words.text(random, 10), Words.text(random, 30));
        }
        return object(entries.entrySet().stream()
                .map(entry -> text(entry.getKey()) + colon() + text(entry.getValue()))
                .toList());
    }

    private List<String> shuffled(Collection<String> some) {
        var all = new ArrayList<>(some);
        for (int i = all.size() - 1; i > 0; i--) {
            all.set(i, all.set(random.nextInt(i + 1), all.get(i)));
        }
        return all;
    }

    private String object(List<String> fields) {
        return "{" + white() + String.join("," + white(), shuffled(fields)) + white() + "}";
    }

    private String array(int... numbers) {
        return "[" + white()
                + Arrays.stream(numbers)
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(white() + "," + white()))
                + white() + "]";
    }

    private String colon() {
        return white() + ":" + white();
    }

    private String white() {
        return random.nextInt(8) > 0 ? "" : Words.any(random, " ", "\n", "\t", "\r\n", "   ");
    }

    /** A string of JSON: what must be escaped is, the rest now and then, in each of the forms that there are. */
    private String text(String text) {
        var json = new StringBuilder("\"");
        boolean escapes = random.nextInt(4) == 0;
        for (char c : text.toCharArray()) {
            int form = "\"\\/\b\f\n\r\t".indexOf(c);
            boolean must = c < 0x20 || c == '"' || c == '\\';
            boolean may = escapes && random.nextInt(4) == 0;
            if (form >= 0 && (must || may) && random.nextBoolean()) {
                json.append('\\').append("\"\\/bfnrt".charAt(form));
            } else if (must || may && !Character.isSurrogate(c)) {
                json.append(String.format(random.nextBoolean() ? "\\u%04x" : "\\u%04X", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }
}
