package io.tokenwise.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.OpCase.Operand;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Cases of what goes by sequences of rows: embeddings, pools, patches, attention. */
final class SequenceCases {
    private SequenceCases() {}

    static List<OpCase> sequences(int[] lengths, int columns, int vocabulary) {
        TokenBatch batch = OpCases.batch(lengths, vocabulary);
        int tokens = batch.tokens();
        Operand x = Operand.tensor(tokens, columns);
        String shape = x + " of " + Arrays.toString(lengths);
        int positions = lengths[0] + 2;
        return List.of(
                OpCases.op(
                        "embeddingSum " + shape,
                        List.of(
                                Operand.parameter(vocabulary, columns),
                                Operand.parameter(positions, columns),
                                Operand.parameter(2, columns)),
                        tokens,
                        (pass, o) -> EmbeddingSums.of(
                                pass,
                                batch.inputs(),
                                batch.offsets(),
                                batch.sequences(),
                                o.parameter(0),
                                o.parameter(1),
                                o.parameter(2)),
                        m -> Reference.embeddingSum(batch, m.get(0), m.get(1), m.get(2)),
                        t -> embeddingSum(t, batch)),
                OpCases.op(
                        "meanPool " + shape,
                        List.of(x),
                        lengths[0],
                        (pass, o) -> Pools.mean(pass, o.tensor(0), batch.offsets(), batch.sequences()),
                        m -> Reference.meanPool(m.get(0), batch),
                        t -> bySequence(batch, i -> tokens(t.get(0), batch, i).mean(new int[] {0}, true))),
                OpCases.op(
                        "firstPool " + shape,
                        List.of(x),
                        1,
                        (pass, o) -> Pools.first(pass, o.tensor(0), batch.offsets(), batch.sequences()),
                        m -> Reference.firstPool(m.get(0), batch),
                        t -> bySequence(batch, i -> tokens(t.get(0), batch, i).get(new NDIndex("0:1")))));
    }

    /** Behind what is trained, and behind pixels, which no gradient goes to. */
    static List<OpCase> withFirst(int sequences, int tokens, int columns) {
        int rows = sequences * (tokens - 1);
        return List.of(
                withFirst(Operand.tensor(rows, columns), sequences, tokens),
                withFirst(Operand.constant(rows, columns), sequences, tokens));
    }

    private static OpCase withFirst(Operand x, int sequences, int tokens) {
        int columns = x.columns();
        return OpCases.op(
                "withFirst " + x + " of " + sequences + ", " + x.role(),
                List.of(x, Operand.parameter(1, columns), Operand.parameter(tokens, columns)),
                sequences,
                (pass, o) -> Patches.withFirst(pass, o.tensor(0), o.parameter(1), o.parameter(2)),
                m -> Reference.withFirst(m.get(0), m.get(1), m.get(2)),
                t -> t.get(1)
                        .broadcast(sequences, 1, columns)
                        .concat(t.get(0).reshape(sequences, tokens - 1, columns), 1)
                        .add(t.get(2))
                        .reshape((long) sequences * tokens, columns));
    }

    /** Takes at most {@code wanted} rows, in an order that is not theirs. */
    static OpCase takeRows(int rows, int wanted, int columns) {
        Operand x = Operand.tensor(rows, columns);
        int count = Math.min(rows, wanted);
        int[] taken = IntStream.range(0, rows)
                .map(i -> rows - 1 - i)
                .boxed()
                .sorted(Comparator.comparing(row -> row % 2))
                .limit(count)
                .mapToInt(Integer::intValue)
                .toArray();
        return OpCases.op(
                "takeRows " + count + " of " + x,
                List.of(x),
                1,
                (pass, o) -> TakenRows.of(pass, o.tensor(0), taken, count),
                m -> Reference.takeRows(m.get(0), taken),
                t -> t.get(0).get(t.get(0).getManager().create(taken)));
    }

    static OpCase attention(int[] lengths, int heads, int headSize) {
        TokenBatch batch = OpCases.batch(lengths, 1);
        Operand qkv = Operand.tensor(batch.tokens(), 3 * heads * headSize);
        return OpCases.op(
                "attention " + qkv + " of " + Arrays.toString(lengths) + ", heads " + heads,
                List.of(qkv),
                lengths[0] + headSize,
                (pass, o) -> SelfAttention.of(pass, o.tensor(0), batch.offsets(), batch.sequences(), heads),
                m -> Reference.attention(m.get(0), batch, heads),
                t -> bySequence(batch, i -> attention(tokens(t.get(0), batch, i), heads, headSize)));
    }

    private static NDArray attention(NDArray qkv, int heads, int headSize) {
        long length = qkv.getShape().get(0);
        // [length, 3, heads, headSize] -> [3, heads, length, headSize]
        NDArray parts = qkv.reshape(length, 3, heads, headSize).transpose(1, 2, 0, 3);
        NDArray scores =
                EncoderOpCases.times(parts.get(0).matMul(parts.get(1).transpose(0, 2, 1)), 1 / Math.sqrt(headSize));
        NDArray context = scores.softmax(-1).matMul(parts.get(2));
        return context.transpose(1, 0, 2).reshape(length, (long) heads * headSize);
    }

    private static NDArray embeddingSum(NDList t, TokenBatch batch) {
        int[] ids = Arrays.copyOf(batch.inputs(), batch.tokens());
        NDArray words = Embedding.embedding(t.get(0).getManager().create(ids), t.get(0), SparseFormat.DENSE)
                .singletonOrThrow();
        NDArray positions = bySequence(batch, i -> t.get(1).get(new NDIndex("0:{}", batch.length(i))));
        return words.add(positions).add(t.get(2).get(new NDIndex("0:1")));
    }

    private static NDArray tokens(NDArray x, TokenBatch batch, int sequence) {
        return x.get(new NDIndex("{}:{}", batch.offsets()[sequence], batch.offsets()[sequence + 1]));
    }

    private static NDArray bySequence(TokenBatch batch, Function<Integer, NDArray> part) {
        var parts = new NDList();
        for (int i = 0; i < batch.sequences(); i++) {
            parts.add(part.apply(i));
        }
        return NDArrays.concat(parts, 0);
    }
}
