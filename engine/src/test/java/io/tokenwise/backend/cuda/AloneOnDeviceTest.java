package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Routing;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Choices;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.op.GatedUnits;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.OtherAttention;
import io.tokenwise.op.Pools;
import io.tokenwise.op.Rotations;
import io.tokenwise.op.Scales;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.op.Softmaxes;
import io.tokenwise.op.Windows;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** On the simulated device a row, or a sequence, has the same bits alone as in a batch, wherever it lies there: no sum's order depends on what else there is. */
@ParameterizedClass(name = "{0}")
@EnumSource(names = "S7", mode = EnumSource.Mode.EXCLUDE)
class AloneOnDeviceTest {
    /** Of one block and more, in no order. */
    private static final int[] LENGTHS = {3, 1, 70, 17, 64, 5};

    private static final int[] ALL = {4, 0, 2, 5, 3, 1};

    @Parameter
    Precision precision;

    /** An operation that gives a tensor with a row, or as many rows, for each token, or one for each sequence. */
    record Operation(String name, Body body) {
        @Override
        public String toString() {
            return name;
        }
    }

    @FunctionalInterface
    interface Body {
        Tensor run(Stream stream, Batch batch);
    }

    static List<Operation> operations() {
        return List.of(
                new Operation("gelu", (stream, b) -> {
                    Tensor y = b.result(97);
                    Activations.gelu(stream, b.tokens(97), y);
                    return y;
                }),
                new Operation("layerNorm", (stream, b) -> {
                    Tensor y = b.result(97);
                    LayerNorms.forward(stream, b.tokens(97), b.shared(1, 97), b.shared(1, 97), 1e-5f, y, null);
                    return y;
                }),
                new Operation("layerNormBackward", (stream, b) -> {
                    Tensor x = b.tokens(97);
                    Tensor gamma = b.shared(1, 97);
                    Tensor statistics = b.result(2);
                    Tensor dx = b.result(97);
                    LayerNorms.forward(stream, x, gamma, b.shared(1, 97), 1e-5f, b.result(97), statistics);
                    LayerNorms.backward(stream, x, gamma, statistics, b.tokens(97), dx);
                    return dx;
                }),
                new Operation("softmax", (stream, b) -> {
                    Tensor y = b.result(97);
                    Softmaxes.forward(stream, b.tokens(97), y);
                    return y;
                }),
                new Operation("softmaxBackward", (stream, b) -> {
                    Tensor dx = b.result(97);
                    Softmaxes.backward(stream, b.tokens(97), b.tokens(97), dx);
                    return dx;
                }),
                new Operation("l2Normalize", (stream, b) -> {
                    Tensor y = b.result(97);
                    Lengths.forward(stream, b.tokens(97), y, null);
                    return y;
                }),
                new Operation("scaleBlocksBackward", (stream, b) -> {
                    Tensor dScale = b.result(4);
                    Scales.blocksBackward(stream, b.tokens(96), b.tokens(4), b.tokens(96), b.result(96), dScale);
                    return dScale;
                }),
                new Operation("scaleUnitsBackward", (stream, b) -> {
                    Tensor dScale = b.result(3);
                    int[] places = {0, 2, -1, 1, 0, 2};
                    Scales.unitsBackward(stream, b.tokens(96), b.tokens(3), places, b.tokens(96), b.result(96), dScale);
                    return dScale;
                }),
                new Operation("choose", (stream, b) -> {
                    Tensor soft = b.result(5);
                    Choices.forward(stream, b.tokens(5), b.tokens(5), .7f, soft, b.result(4));
                    return soft;
                }),
                new Operation("gatedSilu", (stream, b) -> {
                    Tensor y = b.result(48);
                    GatedUnits.forward(stream, b.tokens(96), Activation.SILU, 16, y);
                    return y;
                }),
                new Operation("embeddingSum", (stream, b) -> {
                    Tensor y = b.result(97);
                    Tensor words = b.shared(30, 97);
                    Tensor positions = b.shared(70, 97);
                    Tensor types = b.shared(2, 97);
                    EmbeddingSums.forward(stream, b.ids(30), b.offsets(), b.sequences(), words, positions, types, y);
                    return y;
                }),
                new Operation("meanPool", (stream, b) -> {
                    Tensor y = b.resultVectors(97);
                    Pools.mean(stream, b.tokens(97), b.offsets(), b.sequences(), y);
                    return y;
                }),
                new Operation("meanPoolBackward", (stream, b) -> {
                    Tensor dx = b.result(97);
                    Pools.meanBackward(stream, b.vectors(97), b.offsets(), b.sequences(), dx);
                    return dx;
                }),
                new Operation("groupNorm", (stream, b) -> {
                    Tensor y = b.result(144);
                    Tensor gamma = b.shared(1, 144);
                    Windows.groupNorm(
                            stream, b.tokens(144), b.offsets(), b.sequences(), gamma, b.shared(1, 144), 1e-5f, y);
                    return y;
                }),
                new Operation("rotate", (stream, b) -> {
                    Tensor x = b.tokens(36);
                    Rotations.forward(
                            stream, x, b.offsets(), b.sequences(), 2, new RotaryPositions(80, 12, 8, 10_000), 3);
                    return x;
                }),
                new Operation("linear", (stream, b) -> {
                    Tensor y = b.result(65);
                    var weight = b.packed(b.shared(96, 65));
                    stream.linear(b.tokens(96), weight, b.shared(1, 65), true, b.tokens(65), y);
                    return y;
                }),
                new Operation("layerNorm and linear", (stream, b) -> {
                    Tensor x = b.tokens(97);
                    Tensor y = b.result(65);
                    Tensor beta = b.shared(1, 97);
                    var weight = b.packed(b.shared(97, 65));
                    LayerNorms.forward(stream, x, b.shared(1, 97), beta, 1e-5f, x, null);
                    stream.linear(x, weight, null, false, null, y);
                    return y;
                }),
                new Operation("mlp of some learners", (stream, b) -> {
                    Tensor y = b.result(96);
                    Tensor x = b.tokens(96);
                    Routing routing = b.routed(3);
                    Tensor none = b.shared(1, 96);
                    stream.mlp(x, routing, b.mlp(96, 1, 120), b.mlp(96, 2, 40), none, x, b.workspace(), y);
                    return y;
                }),
                new Operation("gate", (stream, b) -> {
                    Tensor logits = b.result(4);
                    Routing routing = stream.routing();
                    routing.begin(b.rows(), 4);
                    routing.ask(0, b.rows(), new float[] {.1f, -.2f, .3f, 0});
                    routing.decide(b.tokens(96), b.shared(4, 96), new int[] {1, 2, 3, 4}, b.workspace(), logits);
                    return logits;
                }),
                new Operation("dots", (stream, b) -> {
                    Tensor y = b.result(4);
                    stream.dots(b.tokens(96), b.shared(4, 96), b.shared(1, 4), y);
                    return y;
                }),
                new Operation("attention", (stream, b) -> {
                    Tensor context = b.result(96);
                    SelfAttention.forward(stream, b.tokens(288), b.offsets(), b.sequences(), 3, context, null);
                    return context;
                }),
                new Operation("attention in a layout", (stream, b) -> {
                    Tensor qkv = b.tokens(96);
                    Tensor context = b.result(32);
                    int[] units = {64, 8, 40, 0};
                    var layout = new AttentionLayout(units, new int[] {8, 16, 24, 32}, units, new int[] {8, 0, 16, 24});
                    SelfAttention.forward(stream, qkv, qkv, qkv, layout, b.offsets(), b.sequences(), 2, context);
                    return context;
                }),
                new Operation("attentionBackward", (stream, b) -> {
                    Tensor qkv = b.tokens(108);
                    Tensor probabilities = b.resultPairs(2);
                    Tensor dQkv = b.result(108);
                    SelfAttention.forward(stream, qkv, b.offsets(), b.sequences(), 2, b.result(36), probabilities);
                    SelfAttention.backward(
                            stream, qkv, b.offsets(), b.sequences(), 2, probabilities, b.tokens(36), dQkv);
                    return dQkv;
                }),
                new Operation("attend, causal", (stream, b) -> {
                    Tensor x = b.tokens(108);
                    Tensor contexts = b.result(36);
                    var rows = new AttendedRows(b.offsets(), b.offsets(), b.sequences(), 36, 2, true);
                    OtherAttention.forward(stream, x, x, rows, contexts, b.resultPairs(2));
                    return contexts;
                }));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void hasTheSameBits(Operation operation) {
        try (var device = Side.device(precision)) {
            check(device, operation);
        }
    }

    static void check(Side device, Operation operation) {
        var together = new Batch(device, LENGTHS, ALL);
        Tensor result = operation.body.run(device.stream(), together);
        float[] all = device.read(result);
        int columns = result.columns();
        boolean byToken = result.rows() == together.rows();
        for (int i = 0; i < ALL.length; i++) {
            var alone = new Batch(device, LENGTHS, ALL[i]);
            int from = byToken ? together.offsets()[i] : i;
            int to = byToken ? together.offsets()[i + 1] : i + 1;
            assertThat(device.read(operation.body.run(device.stream(), alone)))
                    .as("sequence %d", i)
                    .isEqualTo(Arrays.copyOfRange(all, from * columns, to * columns));
        }
    }
}
