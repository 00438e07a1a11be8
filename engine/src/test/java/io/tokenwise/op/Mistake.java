package io.tokenwise.op;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.RowParts;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;
import java.util.function.Consumer;

/**
 * A call of an operation with operands that do not fit.
 *
 * @param operation what its error begins with
 * @param detail what else it says
 */
record Mistake(String operation, String detail, Consumer<Operands> call) {
    @Override
    public String toString() {
        return operation + " " + detail;
    }

    /** Tensors by shape. */
    record Operands(Stream stream, Workspace workspace) {
        Tensor t(int rows, int columns) {
            return workspace.tensor(rows, columns);
        }

        /** Of one sequence so many rows, the first and the last one always. */
        Staying staying(int rows, int wanted) {
            Staying staying = stream.staying();
            staying.begin(rows, 1, 1, new float[0]);
            staying.most(rows, wanted, true, true);
            staying.choose(t(rows, 1));
            return staying;
        }

        /** Attention of 2 heads of 8 over q, k, v [5, 32]. */
        void attention(Tensor k, int[] contextUnits, int heads, Tensor context) {
            var layout = new AttentionLayout(new int[] {0, 16}, new int[] {8, 24}, new int[] {16, 0}, contextUnits);
            SelfAttention.forward(stream, t(5, 32), k, t(5, 32), layout, new int[] {0, 2, 5}, 2, heads, context);
        }
    }

    private static FormedAttention.Form positions(Tensor values, int... rows) {
        return new FormedAttention.Form(2, 2, 2, 1, 9, 9, null, new FormedAttention.PositionRows(values, rows));
    }

    /** Of operations of all kinds, at least those that no case with another operand shows. */
    static List<Mistake> all() {
        int[] cut = {0, 2, 5};
        int[] ids = {0, 1, 9};
        var norm = new RowParts(6, 0, 2, 3);
        var heads = new FormedAttention.Form(4, 3, 2, 1, 9, 9, null);
        return List.of(
                new Mistake(
                        "rmsNorm",
                        "[4, 5] does not have 2 parts of 3 columns from column 0 on",
                        o -> RmsNorms.forward(o.stream(), o.t(4, 5), norm, o.t(1, 3), 0, 1, o.t(4, 5), null)),
                new Mistake(
                        "rmsNorm",
                        "expected [1, 3], got [1, 6]",
                        o -> RmsNorms.forward(o.stream(), o.t(4, 6), norm, o.t(1, 6), 0, 1, o.t(4, 6), null)),
                new Mistake(
                        "attention",
                        "[5, 20] does not hold Q of 4 and K and V of 3 heads of 2 columns",
                        o -> FormedAttention.forward(o.stream(), o.t(5, 20), heads, cut, 2, null, o.t(5, 8), null)),
                new Mistake(
                        "attention",
                        "positions of [3, 7] for 2 heads of queries and 2 of keys of 2 columns; 2 or 3 times as many columns, and as many heads of keys, are needed",
                        o -> FormedAttention.forward(
                                o.stream(), o.t(5, 12), positions(o.t(3, 7), 2, 1, 0), cut, 2, null, o.t(5, 4), null)),
                new Mistake(
                        "attention",
                        "rows 3 to 1 for 3 distances; an odd number, and all rows of [3, 8] are needed",
                        o -> FormedAttention.forward(
                                o.stream(), o.t(5, 12), positions(o.t(3, 8), 3, 2, 1), cut, 2, null, o.t(5, 4), null)),
                new Mistake(
                        "order",
                        "expected [6, 4], got [5, 4]",
                        o -> Losses.order(o.stream(), o.t(5, 4), new double[3], 1, o.t(5, 4))),
                new Mistake(
                        "ctc",
                        "recording 0 has 2 frames, its 2 letters need 3",
                        o -> CtcLosses.sum(
                                o.stream(), o.t(2, 3), new int[] {0, 2}, new int[][] {{1, 1}}, 0, 1, o.t(2, 3))),
                new Mistake(
                        "crossEntropy",
                        "5 probabilities for [2, 3]",
                        o -> Losses.crossEntropy(o.stream(), o.t(2, 3), new double[5], o.t(2, 3))),
                new Mistake(
                        "crossEntropy labels",
                        "row 9 is outside a matrix of 3 rows",
                        o -> Losses.crossEntropy(o.stream(), o.t(3, 3), ids, o.t(3, 3))),
                new Mistake(
                        "squaredErrorWhereKnown",
                        "expected [4, 1], got [3, 1]",
                        o -> Losses.squaredErrorWhereKnown(o.stream(), o.t(3, 1), new float[4], o.t(3, 1))),
                new Mistake(
                        "gelu",
                        "shapes differ: [4, 3] and [3, 4]",
                        o -> Activations.gelu(o.stream(), o.t(4, 3), o.t(3, 4))),
                new Mistake(
                        "geluBackward",
                        "shapes differ: [4, 3] and [4, 2]",
                        o -> Activations.geluBackward(o.stream(), o.t(4, 3), o.t(4, 3), o.t(4, 2))),
                new Mistake(
                        "layerNorm gamma",
                        "expected [1, 3], got [1, 4]",
                        o -> LayerNorms.forward(o.stream(), o.t(4, 3), o.t(1, 4), o.t(1, 3), 0, o.t(4, 3), null)),
                new Mistake(
                        "layerNorm statistics",
                        "expected [4, 2], got [1, 8]",
                        o -> LayerNorms.forward(o.stream(), o.t(4, 3), o.t(1, 3), o.t(1, 3), 0, o.t(4, 3), o.t(1, 8))),
                new Mistake(
                        "addColumnSums",
                        "expected [1, 3], got [1, 4]",
                        o -> Sums.addColumns(o.stream(), o.t(4, 3), o.t(1, 4))),
                new Mistake(
                        "softmax",
                        "shapes differ: [4, 3] and [4, 4]",
                        o -> Softmaxes.forward(o.stream(), o.t(4, 3), o.t(4, 4))),
                new Mistake(
                        "l2Normalize norms",
                        "expected [1, 4], got [4, 1]",
                        o -> Lengths.forward(o.stream(), o.t(4, 3), o.t(4, 3), o.t(4, 1))),
                new Mistake(
                        "scaleBlocks",
                        "[4, 6] cannot be scaled in blocks by [4, 4]",
                        o -> Scales.blocks(o.stream(), o.t(4, 6), o.t(4, 4), o.t(4, 6))),
                new Mistake(
                        "choose",
                        "expected [4, 2], got [4, 3]",
                        o -> Choices.forward(o.stream(), o.t(4, 3), o.t(4, 3), 1, o.t(4, 3), o.t(4, 3))),
                new Mistake(
                        "embeddingSum",
                        "row 9 is outside a matrix of 5 rows",
                        o -> EmbeddingSums.forward(
                                o.stream(), ids, new int[] {0, 3}, 1, o.t(5, 2), o.t(4, 2), o.t(1, 2), o.t(3, 2))),
                new Mistake(
                        "embeddingSum",
                        "sequence 0 has 3 tokens, there are 2 positions",
                        o -> EmbeddingSums.forward(
                                o.stream(),
                                new int[3],
                                new int[] {0, 3},
                                1,
                                o.t(5, 2),
                                o.t(2, 2),
                                o.t(1, 2),
                                o.t(3, 2))),
                new Mistake(
                        "embeddingSum",
                        "columns differ: [5, 3] and [3, 2]",
                        o -> EmbeddingSums.forward(
                                o.stream(),
                                new int[3],
                                new int[] {0, 3},
                                1,
                                o.t(5, 3),
                                o.t(4, 2),
                                o.t(1, 2),
                                o.t(3, 2))),
                new Mistake(
                        "patches",
                        "15 pixels are not 1 images of 4 x 4",
                        o -> Patches.forward(
                                o.stream(), new int[15], 1, new ImagePatches(4, 2, new float[3 * 256]), o.t(4, 12))),
                new Mistake(
                        "patches",
                        "expected [4, 12], got [4, 11]",
                        o -> Patches.forward(
                                o.stream(), new int[16], 1, new ImagePatches(4, 2, new float[3 * 256]), o.t(4, 11))),
                new Mistake(
                        "withFirst",
                        "[5, 2] are not sequences of 3 tokens",
                        o -> Patches.withFirst(o.stream(), o.t(4, 2), o.t(1, 2), o.t(3, 2), o.t(5, 2))),
                new Mistake(
                        "withFirst",
                        "expected [4, 2], got [5, 2]",
                        o -> Patches.withFirst(o.stream(), o.t(5, 2), o.t(1, 2), o.t(3, 2), o.t(6, 2))),
                new Mistake(
                        "takeRows",
                        "row 3 is outside a matrix of 3 rows",
                        o -> TakenRows.forward(o.stream(), o.t(3, 2), new int[] {0, 3}, o.t(2, 2))),
                new Mistake(
                        "takeRows",
                        "3 rows wanted, 2 given",
                        o -> TakenRows.forward(o.stream(), o.t(3, 2), new int[] {0, 1}, o.t(3, 2))),
                new Mistake(
                        "takeRows",
                        "those of 3 rows that stay do not fit [4, 2]",
                        o -> TakenRows.forward(o.stream(), o.t(4, 2), o.staying(3, 2), o.t(2, 2))),
                new Mistake(
                        "takeRows",
                        "expected [2, 2], got [3, 2]",
                        o -> TakenRows.forward(o.stream(), o.t(3, 2), o.staying(3, 2), o.t(3, 2))),
                new Mistake(
                        "takeRowsBackward",
                        "row -1 is outside a matrix of 3 rows",
                        o -> TakenRows.backward(o.stream(), o.t(1, 2), new int[] {-1}, o.t(3, 2))),
                new Mistake(
                        "meanPool",
                        "offsets of 2 sequences do not cover the 6 rows",
                        o -> Pools.mean(o.stream(), o.t(6, 2), cut, 2, o.t(2, 2))),
                new Mistake(
                        "firstPool",
                        "expected [2, 2], got [3, 2]",
                        o -> Pools.first(o.stream(), o.t(5, 2), cut, 2, o.t(3, 2))),
                new Mistake(
                        "meanPool",
                        "sequence 1 is empty or out of order",
                        o -> Pools.mean(o.stream(), o.t(5, 2), new int[] {0, 5, 5}, 2, o.t(2, 2))),
                new Mistake(
                        "attention",
                        "[5, 8] does not hold Q, K, V of 2 heads",
                        o -> SelfAttention.forward(o.stream(), o.t(5, 8), cut, 2, 2, o.t(5, 4), null)),
                new Mistake(
                        "attention",
                        "expected [5, 4], got [5, 6]",
                        o -> SelfAttention.forward(o.stream(), o.t(5, 12), cut, 2, 2, o.t(5, 6), null)),
                new Mistake(
                        "attention",
                        "probabilities take 26 values, given [1, 25]",
                        o -> SelfAttention.forward(o.stream(), o.t(5, 12), cut, 2, 2, o.t(5, 4), o.t(1, 25))),
                new Mistake(
                        "attention",
                        "16 columns are not those of 4 heads of a multiple of 8 columns",
                        o -> o.attention(o.t(5, 32), new int[] {0, 8}, 4, o.t(5, 16))),
                new Mistake(
                        "attention key",
                        "a unit at column 24 is outside [5, 31]",
                        o -> o.attention(o.t(5, 31), new int[] {0, 8}, 2, o.t(5, 16))),
                new Mistake(
                        "attention key",
                        "rows differ: [5, 32] and [4, 32]",
                        o -> o.attention(o.t(4, 32), new int[] {0, 8}, 2, o.t(5, 16))),
                new Mistake(
                        "attention context",
                        "a unit at column 16 is outside [5, 16]",
                        o -> o.attention(o.t(5, 32), new int[] {0, 16}, 2, o.t(5, 16))),
                new Mistake(
                        "attention layout",
                        "a unit of context at column 4, which must be a multiple of 8",
                        o -> o.attention(o.t(5, 32), new int[] {0, 4}, 2, o.t(5, 16))),
                new Mistake(
                        "attention layout",
                        "3 units of context and 2 of query; there are as many of each, and at least one",
                        o -> o.attention(o.t(5, 32), new int[] {0, 8, 16}, 2, o.t(5, 24))),
                new Mistake(
                        "attention layout",
                        "two units of the context begin at column 8",
                        o -> o.attention(o.t(5, 32), new int[] {8, 8}, 2, o.t(5, 16))),
                new Mistake(
                        "samples",
                        "4 values do not fill [5, 1]",
                        o -> Windows.samples(o.stream(), new int[4], o.t(5, 1))),
                new Mistake(
                        "windows",
                        "3 windows of 3 rows, one every 2, are more than sequence 0 of 5 rows has",
                        o -> Windows.forward(
                                o.stream(), o.t(5, 2), new int[] {0, 5}, 1, 3, 2, new int[] {0, 3}, o.t(3, 6))),
                new Mistake(
                        "windows",
                        "expected [2, 6], got [2, 5]",
                        o -> Windows.forward(
                                o.stream(), o.t(5, 2), new int[] {0, 5}, 1, 3, 2, new int[] {0, 2}, o.t(2, 5))),
                new Mistake(
                        "tanh",
                        "shapes differ: [4, 3] and [3, 4]",
                        o -> Activations.tanh(o.stream(), o.t(4, 3), o.t(3, 4))),
                new Mistake(
                        "groupNorm gamma",
                        "expected [1, 3], got [1, 4]",
                        o -> Windows.groupNorm(o.stream(), o.t(5, 3), cut, 2, o.t(1, 4), o.t(1, 3), 0, o.t(5, 3))),
                new Mistake(
                        "channelNorm beta",
                        "expected [1, 3], got [1, 4]",
                        o -> ChannelNorms.forward(o.stream(), o.t(5, 3), cut, 2, o.t(1, 3), o.t(1, 4), 0, o.t(5, 3))),
                new Mistake(
                        "groupedConvolution",
                        "2 kernels of [12, 3] are none for windows of 4 rows of [5, 8]",
                        o -> convolution(o, 12, 3)),
                new Mistake(
                        "groupedConvolution",
                        "2 kernels of [12, 4] are none for windows of 4 rows of [5, 8]",
                        o -> convolution(o, 12, 4)),
                new Mistake(
                        "rotate",
                        "[5, 15] does not hold 2 heads of 8 columns",
                        o -> Rotations.forward(
                                o.stream(), o.t(5, 15), cut, 2, 0, new RotaryPositions(9, 8, 6, 100), 2)),
                new Mistake(
                        "rotate",
                        "sequence 1 has positions from 7 to 9, there are 9",
                        o -> Rotations.forward(
                                o.stream(), o.t(5, 16), cut, 2, 7, new RotaryPositions(9, 8, 6, 100), 2)),
                new Mistake(
                        "rotate",
                        "sequence 1 has positions from 0 to 9, there are 9",
                        o -> Rotations.forward(
                                o.stream(),
                                o.t(5, 16),
                                cut,
                                2,
                                new int[] {0, 1, 2, 3, 9},
                                new RotaryPositions(9, 8, 6, 100),
                                2)),
                new Mistake(
                        "rotary positions",
                        "3 of 8 columns; an even number of at most all is needed",
                        o -> new RotaryPositions(9, 8, 3, 100)),
                new Mistake(
                        "gatedUnits",
                        "expected [4, 6], got [4, 5]",
                        o -> GatedUnits.forward(o.stream(), o.t(4, 5), Activation.SILU, 3, o.t(4, 3))),
                new Mistake(
                        "gatedUnits",
                        "[4, 3] is not cut into blocks of 2 columns",
                        o -> GatedUnits.forward(o.stream(), o.t(4, 6), Activation.SILU, 2, o.t(4, 3))),
                new Mistake(
                        "attend",
                        "queries [5, 4] and keys and values [5, 7] from column 0 on do not give contexts [5, 4] of 2"
                                + " heads",
                        o -> OtherAttention.forward(
                                o.stream(),
                                o.t(5, 4),
                                o.t(5, 7),
                                new AttendedRows(cut, cut, 2, 0, 2, true),
                                o.t(5, 4),
                                o.t(1, 1))),
                new Mistake(
                        "attend",
                        "sequence 0 has other queries than keys, so it cannot be causal",
                        o -> OtherAttention.forward(
                                o.stream(),
                                o.t(5, 4),
                                o.t(6, 8),
                                new AttendedRows(cut, new int[] {0, 3, 6}, 2, 0, 2, true),
                                o.t(5, 4),
                                o.t(1, 1))),
                new Mistake(
                        "gatherUnits",
                        "a unit of 4 columns from 6 on is outside [2, 9]",
                        o -> Scales.gather(o.stream(), o.t(2, 9), new int[] {5, 6, -1}, 4, o.t(2, 12))),
                new Mistake(
                        "gatherUnits",
                        "expected [2, 12], got [2, 8]",
                        o -> Scales.gather(o.stream(), o.t(2, 9), new int[] {5, 1, -1}, 4, o.t(2, 8))),
                new Mistake(
                        "toColumns",
                        "[2, 12] from column 4 on does not fit [8, 64] from column 63 on",
                        o -> OtherAttention.toColumns(o.stream(), o.t(2, 12), 4, o.t(8, 64), 63)),
                new Mistake(
                        "attendOne",
                        "[8, 64] does not hold keys and values of 3 heads",
                        o -> OtherAttention.one(o.stream(), o.t(1, 4), o.t(8, 64), 5, 3, o.t(1, 4))),
                new Mistake(
                        "attendOne",
                        "5 tokens of [8, 60]; there is at least one, and a cache has a multiple of 64",
                        o -> OtherAttention.one(o.stream(), o.t(1, 4), o.t(8, 60), 5, 2, o.t(1, 4))),
                new Mistake("argmax", "row 4 of [4, 3]", o -> Choices.argmax(o.stream(), o.t(4, 3), 4)));
    }

    /** Two kernels of this shape on 5 rows of 8 columns, windows of 4 rows. */
    private static void convolution(Operands o, int inputs, int outputs) {
        try (Backend own = VectorBackend.open(1);
                var parameters = new Parameters(own)) {
            var kernel = new Weight(parameters, parameters.add("kernel", inputs, outputs));
            Parameter bias = parameters.add("bias", 1, outputs);
            Pass pass = new Pass(o.stream(), o.workspace());
            GroupedConvolutions.of(
                    pass, o.t(5, 8), new int[] {0, 5}, 1, 4, List.of(kernel, kernel), List.of(bias, bias));
        }
    }
}
