package io.tokenwise.fuzz.differ;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.ByteSource;
import io.tokenwise.io.Safetensors;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.TreeSet;

/** What our reader finds in a safetensors file, a line a tensor, as {@code safetensors_peer.py} writes it. */
final class TensorLines {
    private static final HexFormat HEX = HexFormat.of();

    private TensorLines() {}

    static Answer read(byte[] file) throws IOException {
        var lines = new TreeSet<String>();
        try (Safetensors tensors = Safetensors.of(
                "model.safetensors",
                ByteSource.read("model.safetensors", new ByteArrayInputStream(file), file.length))) {
            tensors.metadata().forEach((key, value) -> lines.add("metadata " + hex(key) + " " + hex(value)));
            for (String name : tensors.names()) {
                lines.add("tensor " + hex(name) + " " + tensors.type(name) + " " + Arrays.toString(tensors.shape(name))
                        + " " + values(tensors, name));
            }
        }
        return Answer.read(String.join("\n", lines));
    }

    private static String hex(String text) {
        return HEX.formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Their bits in hexadecimal digits, of all that is not a number the same ones. */
    private static String values(Safetensors tensors, String name) {
        int elements = (int) Arrays.stream(tensors.shape(name)).reduce(1, Math::multiplyExact);
        var floats = new float[elements];
        try {
            tensors.read(name, MemorySegment.ofArray(floats), false);
        } catch (BadFileException e) {
            if (e.getMessage().contains("has dtype")) {
                return "None";
            }
            throw e;
        }
        ByteBuffer bits = ByteBuffer.allocate(Float.BYTES * elements).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : floats) {
            bits.putInt(Float.floatToIntBits(value));
        }
        return HEX.formatHex(bits.array());
    }
}
