package io.tokenwise.io;

import io.tokenwise.model.open.ModelFilesTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;

/** Writes files as torch.save does, byte by byte. What is written may be wrong. */
public final class TorchFiles {
    private TorchFiles() {}

    /** Puts the tensors of a folder's model.safetensors into a pytorch_model.bin, and deletes it. */
    public static void replace(Path folder) throws IOException {
        Path safetensors = folder.resolve("model.safetensors");
        try (Safetensors weights = Safetensors.open(safetensors);
                Arena arena = Arena.ofConfined()) {
            byte[] file = stateDict(ModelFilesTest.readAll(weights, arena), "Float");
            Files.write(folder.resolve("pytorch_model.bin"), file);
        }
        Files.delete(safetensors);
    }

    /**
     * A state_dict.
     *
     * @param type of the storages: Float, Half, BFloat16 or Double, to which values are rounded
     */
    public static byte[] stateDict(Map<String, TensorData> tensors, String type) {
        var pickle = new PickleBytes().op(0x80, 2).op('}').op('(');
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("archive/data.pkl", new byte[0]);
        files.put("archive/byteorder", bytes("little"));
        tensors.forEach((name, tensor) -> {
            String key = Integer.toString(files.size() - 2);
            float[] values = tensor.floats().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            pickle.text(name).tensor(type, key, values.length, 0, tensor.shape(), rows(tensor.shape()));
            files.put("archive/data/" + key, stored(values, type));
        });
        files.put("archive/data.pkl", pickle.op('u').op('.').toBytes());
        files.put("archive/version", bytes("3\n"));
        return zip(files, false);
    }

    private static byte[] stored(float[] values, String type) {
        ByteBuffer bytes = buffer(8 * values.length);
        for (float value : values) {
            switch (type) {
                case "Float" -> bytes.putFloat(value);
                case "Half" -> bytes.putShort(Float.floatToFloat16(value));
                case "BFloat16" -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                case "Double" -> bytes.putDouble(value);
                default -> throw new IllegalArgumentException(type);
            }
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    /** One tensor, {@code a}, of some bytes. */
    static byte[] one(PickleBytes tensor, byte[] memory) {
        return zip(
                files(
                        new PickleBytes()
                                .op(0x80, 2)
                                .op('}')
                                .text("a")
                                .raw(tensor)
                                .op('s')
                                .op('.'),
                        memory),
                false);
    }

    static Map<String, byte[]> files(PickleBytes pickle, byte[]... memories) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("archive/data.pkl", pickle.toBytes());
        for (int i = 0; i < memories.length; i++) {
            files.put("archive/data/" + i, memories[i]);
        }
        return files;
    }

    static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] concatenated(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    static long[] rows(long[] shape) {
        var strides = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= shape[i];
        }
        return strides;
    }

    /** A zip archive of files that are stored, each with a field after its name so that its bytes begin at a multiple of 64. */
    static byte[] zip(Map<String, byte[]> files, boolean numbers64) {
        var all = new ByteArrayOutputStream();
        var directory = new ByteArrayOutputStream();
        files.forEach((name, content) -> {
            int header = all.size();
            int padding = -(header + 30 + name.length() + 4) & 63;
            var crc = new CRC32();
            crc.update(content);
            ByteBuffer local = buffer(30 + name.length() + 4 + padding);
            local.putInt(0x04034b50).putLong(0).putShort((short) 0).putInt((int) crc.getValue());
            local.putInt(content.length).putInt(content.length);
            local.putShort((short) name.length())
                    .putShort((short) (4 + padding))
                    .put(bytes(name));
            local.put(bytes("FB")).putShort((short) padding);
            all.writeBytes(local.array());
            all.writeBytes(content);
            ByteBuffer entry = buffer(46 + name.length() + (numbers64 ? 28 : 0));
            entry.putInt(0x02014b50).putLong(0).putInt(0).putInt((int) crc.getValue());
            int size = numbers64 ? -1 : content.length;
            entry.putInt(size).putInt(size).putShort((short) name.length());
            entry.putShort((short) (numbers64 ? 28 : 0)).putShort((short) 0).putLong(0);
            entry.putInt(numbers64 ? -1 : header).put(bytes(name));
            if (numbers64) {
                entry.putShort((short) 1).putShort((short) 24);
                entry.putLong(content.length).putLong(content.length).putLong(header);
            }
            directory.writeBytes(entry.array());
        });
        int start = all.size();
        all.writeBytes(directory.toByteArray());
        if (numbers64) {
            ByteBuffer end = buffer(56 + 20);
            end.putInt(0x06064b50).putLong(44).putInt(0).putLong(0);
            end.putLong(files.size())
                    .putLong(files.size())
                    .putLong(directory.size())
                    .putLong(start);
            end.putInt(0x07064b50).putInt(0).putLong(all.size()).putInt(1);
            all.writeBytes(end.array());
        }
        ByteBuffer end = buffer(22).putInt(0x06054b50).putInt(0);
        end.putShort((short) (numbers64 ? -1 : files.size())).putShort((short) (numbers64 ? -1 : files.size()));
        end.putInt(numbers64 ? -1 : directory.size()).putInt(numbers64 ? -1 : start);
        all.writeBytes(end.array());
        return all.toByteArray();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A pickle, opcode by opcode. */
    static final class PickleBytes {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        /** An opcode and the bytes behind it. */
        PickleBytes op(int... opcode) {
            for (int each : opcode) {
                bytes.write(each);
            }
            return this;
        }

        PickleBytes raw(PickleBytes other) {
            bytes.writeBytes(other.toBytes());
            return this;
        }

        PickleBytes text(String text) {
            byte[] utf8 = TorchFiles.bytes(text);
            bytes.write('X');
            bytes.writeBytes(buffer(4).putInt(utf8.length).array());
            bytes.writeBytes(utf8);
            return this;
        }

        PickleBytes global(String module, String name) {
            bytes.writeBytes(TorchFiles.bytes("c" + module + "\n" + name + "\n"));
            return this;
        }

        /** As Python does: the shortest opcode that holds it. */
        PickleBytes number(long number) {
            if (number >= 0 && number < 1 << 8) {
                return op('K', (int) number);
            }
            if (number >= 0 && number < 1 << 16) {
                return op('M', (int) number & 255, (int) number >> 8);
            }
            boolean isInt = number == (int) number;
            bytes.writeBytes(TorchFiles.bytes(isInt ? "J" : ""));
            if (!isInt) {
                op(0x8a, 8);
            }
            bytes.writeBytes(
                    isInt
                            ? buffer(4).putInt((int) number).array()
                            : buffer(8).putLong(number).array());
            return this;
        }

        PickleBytes tuple(long... numbers) {
            op('(');
            for (long number : numbers) {
                number(number);
            }
            return op('t');
        }

        PickleBytes storage(String type, String key, long elements) {
            op('(').text("storage").global("torch", type + "Storage").text(key).text("cpu");
            return number(elements).op('t').op('Q');
        }

        PickleBytes tensor(String type, String key, long elements, long offset, long[] shape, long[] strides) {
            global("torch._utils", "_rebuild_tensor_v2").op('(').storage(type, key, elements);
            number(offset).tuple(shape).tuple(strides).op(0x89);
            return global("collections", "OrderedDict").op(')').op('R').op('t').op('R');
        }

        byte[] toBytes() {
            return bytes.toByteArray();
        }
    }
}
