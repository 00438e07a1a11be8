package io.tokenwise.fuzz.differ;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Reads a file of one byte as that byte, but 1 as something else; refuses 2, and dies of 3. */
public final class PlantedPeer {
    private PlantedPeer() {}

    public static void main(String[] arguments) throws IOException {
        var in = new DataInputStream(System.in);
        var out = new DataOutputStream(System.out);
        answer(out, false, "planted".getBytes(StandardCharsets.UTF_8));
        while (in.read() >= 0) {
            in.skipNBytes(3);
            byte value = in.readByte();
            if (value == 3) {
                Runtime.getRuntime().halt(7);
            }
            answer(out, value == 2, new byte[] {value == 1 ? 9 : value});
        }
    }

    private static void answer(DataOutputStream out, boolean refused, byte[] content) throws IOException {
        out.writeBoolean(refused);
        out.writeInt(content.length);
        out.write(content);
        out.flush();
    }
}
