package io.tokenwise.testdata;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Base64;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/**
 * A precompiled_charsmap of the kind that SentencePiece's nmt_nfkc is, made from Unicode's NFKC: characters and pairs of a letter and its mark, and what
 * stands for them, in a double array as Darts lays it out.
 */
public final class NfkcCharsmap {
    private final TreeMap<String, String> rules = new TreeMap<>();

    /** Of all characters that this JDK knows. */
    public NfkcCharsmap() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            // What is newer than the test should depend on is not in it.
            if (Character.getType(c) != Character.SURROGATE && Character.isDefined(c)) {
                String text = Character.toString(c);
                add(text, Normalizer.normalize(text, Normalizer.Form.NFKC));
                String apart = Normalizer.normalize(text, Normalizer.Form.NFD);
                if (apart.codePointCount(0, apart.length()) == 2) {
                    add(apart, Normalizer.normalize(apart, Normalizer.Form.NFKC));
                }
            }
        }
        for (String white : new String[] {"\t", "\n", "\f", "\r", "\u1680", "\u2028", "\u2029", "\ufeff", "\u200e"}) {
            rules.put(white, " ");
        }
        for (int c = 1; c < 9; c++) {
            rules.put(Character.toString(c), "");
        }
        rules.put("\u200b", "");
        rules.put("\u007f", "");
    }

    private void add(String text, String instead) {
        if (!text.equals(instead)) {
            rules.put(text, instead);
        }
    }

    /** Another rule. */
    public NfkcCharsmap with(String text, String instead) {
        rules.put(text, instead);
        return this;
    }

    /** The map as a tokenizer.json has it. */
    public String base64() {
        return Base64.getEncoder().encodeToString(bytes());
    }

    /** The map. */
    public byte[] bytes() {
        var strings = new ByteArrayOutputStream();
        TreeMap<byte[], Integer> keys = new TreeMap<>(Arrays::compareUnsigned);
        for (Map.Entry<String, String> rule : rules.entrySet()) {
            keys.put(rule.getKey().getBytes(StandardCharsets.UTF_8), strings.size());
            strings.writeBytes(rule.getValue().getBytes(StandardCharsets.UTF_8));
            strings.write(0);
        }
        int[] units = new DoubleArray(keys).units();
        ByteBuffer all =
                ByteBuffer.allocate(4 + 4 * units.length + strings.size()).order(ByteOrder.LITTLE_ENDIAN);
        all.putInt(4 * units.length);
        for (int unit : units) {
            all.putInt(unit);
        }
        return all.put(strings.toByteArray()).array();
    }

    /** Each node has a base of its own; a child is at the base, with the child's byte mixed in. */
    private static final class DoubleArray {
        private static final int LEAF = 1 << 8;

        private final byte[][] keys;
        private final int[] values;
        private int[] units = new int[1 << 16];
        private final BitSet taken = new BitSet();
        private final BitSet bases = new BitSet();
        private int last;

        DoubleArray(TreeMap<byte[], Integer> keys) {
            this.keys = keys.keySet().toArray(byte[][]::new);
            this.values = keys.values().stream().mapToInt(Integer::intValue).toArray();
            taken.set(0);
            node(0, 0, this.keys.length, 0);
        }

        /** The children of a unit: the keys of a range agree up to a depth. */
        private void node(int unit, int from, int to, int depth) {
            int[] begins = new int[257];
            int[] labels = new int[257];
            int count = 0;
            for (int i = from; i < to; i++) {
                int label = keys[i].length == depth ? 0 : keys[i][depth] & 0xFF;
                if (count == 0 || labels[count - 1] != label) {
                    labels[count] = label;
                    begins[count++] = i;
                }
            }
            begins[count] = to;
            int base = base(labels, count);
            units[unit] |= (unit ^ base) << 10;
            for (int i = 0; i < count; i++) {
                int child = base ^ labels[i];
                taken.set(child);
                last = Math.max(last, child);
                if (labels[i] == 0) {
                    units[unit] |= LEAF;
                    units[child] = values[begins[i]] | 1 << 31;
                } else {
                    units[child] = labels[i];
                }
            }
            for (int i = 0; i < count; i++) {
                if (labels[i] != 0) {
                    node(base ^ labels[i], begins[i], begins[i + 1], depth + 1);
                }
            }
        }

        private int base(int[] labels, int count) {
            for (int free = taken.nextClearBit(0); ; free = taken.nextClearBit(free + 1)) {
                int base = free ^ labels[0];
                boolean fits = base != 0 && !bases.get(base);
                for (int i = 0; i < count && fits; i++) {
                    fits = !taken.get(base ^ labels[i]);
                }
                if (fits) {
                    bases.set(base);
                    if ((base | 0xFF) >= units.length) {
                        units = Arrays.copyOf(units, 2 * units.length);
                    }
                    return base;
                }
            }
        }

        int[] units() {
            return Arrays.copyOf(units, (last | 0xFF) + 1);
        }
    }
}
