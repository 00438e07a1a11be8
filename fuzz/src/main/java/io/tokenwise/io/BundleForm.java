package io.tokenwise.io;

import io.tokenwise.fuzz.Form;
import io.tokenwise.fuzz.Forms;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;

/** The index of a checkpoint of TensorFlow: blocks, each with a checksum, that follow each other up to the footer. */
final class BundleForm implements Form {
    static final BundleForm INDEX = new BundleForm();

    /** At which bytes of a file that is whole its blocks may end; they are found by their checksums. */
    private static final int MOST_BYTES = 16 << 10;

    private BundleForm() {}

    @Override
    public boolean fits(String file) {
        return file.endsWith(".index");
    }

    /** A block's content with something changed, with its checksum. */
    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        int end = bytes.length - LevelDbTable.FOOTER_BYTES;
        int from = 0;
        for (int at = 1; at + LevelDbTable.TRAILER_BYTES <= end && end <= MOST_BYTES; at++) {
            if (isEnd(bytes, from, at)) {
                if (random.nextInt(3) == 0) {
                    return changed(bytes, from, at, random);
                }
                from = at + LevelDbTable.TRAILER_BYTES;
                at = from;
            }
        }
        return bytes;
    }

    /** Whether a block that begins there has its trailer here. */
    private static boolean isEnd(byte[] bytes, int from, int at) {
        int stored = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(at + 1);
        return bytes[at] == 0 && stored == MaskedChecksum.of(ByteBuffer.wrap(bytes, from, at + 1 - from));
    }

    /** The block keeps its length, because others say where it is. */
    private static byte[] changed(byte[] bytes, int from, int to, SplittableRandom random) {
        byte[] content = Arrays.copyOfRange(bytes, from, to);
        byte[] changed = Arrays.copyOf(Forms.BYTES.changed(content, content, random), content.length);
        byte[] file = bytes.clone();
        System.arraycopy(changed, 0, file, from, changed.length);
        int sum = MaskedChecksum.of(ByteBuffer.wrap(file, from, to + 1 - from));
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(to + 1, sum);
        return file;
    }
}
