package io.tokenwise.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.kernels.SequenceOps.AttentionCall;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.OneDnnUnavailableException;
import io.tokenwise.natives.TileAttention;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention by our own code of heads whose columns do not lie side by side; {@link NarrowAttentionTest} looks at the others. */
class TileHeadTest {
    private static final int HEADS = 2;
    private static final int TOKENS = 50;

    /** Rows before the text's. */
    private static final int BEFORE = 3;

    private final Random random = new Random(6);

    @ParameterizedTest
    @ValueSource(ints = {32, 96})
    void columnsThatLieAnywhereGiveTheSameBits(int headSize) throws OneDnnUnavailableException {
        int width = HEADS * headSize;
        try (OneDnn oneDnn = OneDnn.open();
                Arena arena = Arena.ofShared()) {
            assumeTrue(TileAttention.runsOn(oneDnn), "only on AMD's CPUs with bfloat16, but here is " + oneDnn.isa());
            Floats x = floats(arena, 3 * width);
            for (int i = 0; i < (BEFORE + TOKENS) * 3 * width; i++) {
                x.set(i, (float) random.nextGaussian());
            }
            Floats expected = floats(arena, width);
            AttentionCall dense = call(headSize);
            dense.dense(x, expected);
            attend(oneDnn, dense);

            int[] units = units(width);
            Floats turned = floats(arena, 3 * width);
            for (int row = 0; row < BEFORE + TOKENS; row++) {
                for (int part = 0; part < 3; part++) {
                    for (int c = 0; c < width; c++) {
                        int place = units[c / SequenceOps.UNIT] + c % SequenceOps.UNIT;
                        float value = x.get((3L * row + part) * width + c);
                        turned.set((3L * row + part) * width + place, value);
                    }
                }
            }
            Floats found = floats(arena, width);
            AttentionCall anywhere = call(headSize);
            anywhere.query.inUnits(part(turned, 0, width), 3 * width, units, headSize);
            anywhere.key.inUnits(part(turned, 1, width), 3 * width, units, headSize);
            anywhere.value.inUnits(part(turned, 2, width), 3 * width, units, headSize);
            anywhere.context.inUnits(found, width, units, headSize);
            attend(oneDnn, anywhere);
            for (int row = 0; row < BEFORE + TOKENS; row++) {
                for (int c = 0; c < width; c++) {
                    int place = units[c / SequenceOps.UNIT] + c % SequenceOps.UNIT;
                    assertThat(found.get((long) row * width + place))
                            .as("row %d, column %d", row, c)
                            .isEqualTo(expected.get((long) row * width + c));
                }
            }
            assertThat(expected.get(BEFORE * width)).isNotZero();
        }
    }

    private static void attend(OneDnn oneDnn, AttentionCall call) {
        var head = new TileHead(oneDnn, Kernels.choose().heads());
        for (int i = 0; i < HEADS; i++) {
            head.attend(call, BEFORE, TOKENS, i);
        }
        head.close();
    }

    private static AttentionCall call(int headSize) {
        var call = new AttentionCall();
        call.heads = HEADS;
        call.headSize = headSize;
        call.scale = 0.2f;
        return call;
    }

    private int[] units(int width) {
        List<Integer> units = IntStream.range(0, width / SequenceOps.UNIT)
                .map(i -> i * SequenceOps.UNIT)
                .boxed()
                .collect(Collectors.toList());
        Collections.shuffle(units, random);
        return units.stream().mapToInt(Integer::intValue).toArray();
    }

    private static Floats floats(Arena arena, int columns) {
        return new Floats(arena.allocate((long) (BEFORE + TOKENS) * columns * Float.BYTES, 64), 0);
    }

    private static Floats part(Floats x, int part, int width) {
        return new Floats(x.segment(), x.at((long) part * width));
    }
}
