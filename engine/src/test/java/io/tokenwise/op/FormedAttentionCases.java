package io.tokenwise.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.OpCase.Operand;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/** Attention of every form that encoders and decoders have: heads that share keys and values, windows, biases, texts whose tokens have left. */
final class FormedAttentionCases {
    private static final float SCALE = 0.75f;

    private FormedAttentionCases() {}

    /** Of attention; reach 0 is no bias. */
    record Shape(int heads, int keyHeads, int size, int before, int after, int reach) {
        FormedAttention.Form form(Tensor bias) {
            return new FormedAttention.Form(heads, keyHeads, size, SCALE, before, after, reach == 0 ? null : bias);
        }

        boolean sees(int query, int key) {
            return (long) key >= (long) query - before && (long) key <= (long) query + after;
        }

        int distance(int query, int key) {
            return Math.clamp(key - query, -reach, reach) + reach;
        }
    }

    static OpCase of(TokenBatch batch, Shape shape) {
        Operand qkv = Operand.tensor(batch.tokens(), (shape.heads + 2 * shape.keyHeads) * shape.size);
        Operand bias = Operand.constant(shape.heads, 2 * shape.reach + 1);
        return OpCases.op(
                "attention " + shape + " of " + batch.tokens() + " tokens in " + batch.sequences(),
                List.of(qkv, bias),
                batch.length(0) + shape.size + shape.heads,
                (pass, o) -> {
                    FormedAttention.requireSupported(pass.stream(), "a case");
                    return FormedAttention.of(
                            pass,
                            o.tensor(0),
                            batch.offsets(),
                            batch.sequences(),
                            batch.places(),
                            shape.form(o.tensor(1)));
                },
                m -> attention(m.get(0), m.get(1), batch, shape),
                t -> {
                    var parts = new NDList();
                    for (int i = 0; i < batch.sequences(); i++) {
                        NDArray own = t.get(0).get(new NDIndex("{}:{}", batch.offsets()[i], batch.offsets()[i + 1]));
                        parts.add(attention(own, t.get(1), batch, i, shape));
                    }
                    return NDArrays.concat(parts, 0);
                });
    }

    /** With queries and keys of distances, beside which there are other columns. */
    static OpCase positioned(TokenBatch batch, int heads, int size, int farthest) {
        int width = heads * size;
        Operand qkv = Operand.tensor(batch.tokens(), 3 * width);
        Operand positions = Operand.tensor(2 * farthest + 1, 3 * width);
        int[] rows = IntStream.rangeClosed(-farthest, farthest)
                .map(distance -> farthest - distance)
                .toArray();
        var shape = new Shape(heads, heads, size, Integer.MAX_VALUE, Integer.MAX_VALUE, farthest);
        return OpCases.op(
                "attention of " + heads + " x " + size + " with distances to " + farthest + " of " + batch.tokens()
                        + " tokens in " + batch.sequences(),
                List.of(qkv, positions),
                batch.length(0) + 3 * size + heads,
                (pass, o) -> {
                    FormedAttention.requireSupported(pass.stream(), "a case");
                    var ofDistances = new FormedAttention.PositionRows(o.tensor(1), rows);
                    var form = new FormedAttention.Form(
                            heads, heads, size, SCALE, shape.before, shape.after, null, ofDistances);
                    return FormedAttention.of(
                            pass, o.tensor(0), batch.offsets(), batch.sequences(), batch.places(), form);
                },
                m -> positioned(m.get(0), m.get(1), batch, shape),
                t -> {
                    var parts = new NDList();
                    for (int i = 0; i < batch.sequences(); i++) {
                        NDArray own = t.get(0).get(new NDIndex("{}:{}", batch.offsets()[i], batch.offsets()[i + 1]));
                        parts.add(positioned(own, t.get(1), batch, i, shape));
                    }
                    return NDArrays.concat(parts, 0);
                });
    }

    private static Matrix positioned(Matrix qkv, Matrix positions, TokenBatch batch, Shape shape) {
        int size = shape.size;
        int width = shape.heads * size;
        Matrix y = Matrix.zeros(batch.tokens(), width);
        for (int s = 0; s < batch.sequences(); s++) {
            int first = batch.offsets()[s];
            int length = batch.length(s);
            for (int head = 0; head < width; head += size) {
                Matrix scores = Matrix.zeros(length, length);
                for (int i = 0; i < length; i++) {
                    for (int j = 0; j < length; j++) {
                        int row = row(batch, first + i, first + j, shape);
                        double score = 0;
                        for (int c = head; c < head + size; c++) {
                            double query = qkv.get(first + i, c);
                            double key = qkv.get(first + j, width + c);
                            score += query * (key + positions.get(row, width + c)) + key * positions.get(row, c);
                        }
                        scores.set(i, j, score * SCALE);
                    }
                }
                Matrix shares = Reference.softmax(scores);
                for (int i = 0; i < length; i++) {
                    for (int c = head; c < head + size; c++) {
                        double sum = 0;
                        for (int j = 0; j < length; j++) {
                            sum += shares.get(i, j) * qkv.get(first + j, 2 * width + c);
                        }
                        y.set(first + i, c, sum);
                    }
                }
            }
        }
        return y;
    }

    private static int row(TokenBatch batch, int query, int key, Shape shape) {
        int distance = shape.distance(EncoderOpCases.position(batch, query), EncoderOpCases.position(batch, key));
        return 2 * shape.reach - distance;
    }

    /** Each score's two products are those with all rows, of which one counts. */
    private static NDArray positioned(NDArray qkv, NDArray positions, TokenBatch batch, int sequence, Shape shape) {
        int first = batch.offsets()[sequence];
        int length = Math.toIntExact(qkv.getShape().get(0));
        int rows = 2 * shape.reach + 1;
        float[] ofQuery = new float[length * rows * length];
        float[] ofKey = new float[length * rows * length];
        for (int i = 0; i < length; i++) {
            for (int j = 0; j < length; j++) {
                int row = row(batch, first + i, first + j, shape);
                ofQuery[(i * rows + row) * length + j] = 1;
                ofKey[(j * rows + row) * length + i] = 1;
            }
        }
        int heads = shape.heads;
        NDArray q = heads(qkv, 0, heads, 1, shape.size);
        NDArray k = heads(qkv, heads, heads, 1, shape.size);
        NDArray v = heads(qkv, 2 * heads, heads, 1, shape.size);
        NDArray queries = heads(positions, 0, heads, 1, shape.size).transpose(0, 2, 1);
        NDArray keys = heads(positions, heads, heads, 1, shape.size).transpose(0, 2, 1);
        NDArray withKeys = q.matMul(keys)
                .transpose(1, 0, 2)
                .matMul(EncoderOpCases.constant(qkv, ofQuery, length, rows, length))
                .transpose(1, 0, 2);
        NDArray withQueries = k.matMul(queries)
                .transpose(1, 0, 2)
                .matMul(EncoderOpCases.constant(qkv, ofKey, length, rows, length))
                .transpose(1, 2, 0);
        NDArray scores = q.matMul(k.transpose(0, 2, 1)).add(withKeys).add(withQueries);
        return EncoderOpCases.times(scores, SCALE)
                .softmax(-1)
                .matMul(v)
                .transpose(1, 0, 2)
                .reshape(length, (long) heads * shape.size);
    }

    /** {@link #of} of which a third of each text's tokens are seen. */
    static OpCase ofFirst(TokenBatch batch, Shape shape) {
        Operand qkv = Operand.constant(batch.tokens(), (shape.heads + 2 * shape.keyHeads) * shape.size);
        Operand bias = Operand.constant(shape.heads, 2 * shape.reach + 1);
        int[] seen = IntStream.range(0, batch.sequences())
                .map(i -> 1 + batch.length(i) / 3)
                .toArray();
        return OpCase.forward(
                "attention " + shape + " to the first of " + batch.tokens() + " tokens in " + batch.sequences(),
                List.of(qkv, bias),
                batch.length(0) + shape.size + shape.heads,
                (pass, o) -> FormedAttention.ofFirst(
                        pass, o.tensor(0), batch.offsets(), batch.sequences(), seen, shape.form(o.tensor(1))),
                m -> attention(m.get(0), m.get(1), batch, shape, seen));
    }

    private static Matrix attention(Matrix qkv, Matrix bias, TokenBatch batch, Shape shape) {
        int[] all = IntStream.range(0, batch.sequences()).map(batch::length).toArray();
        return attention(qkv, bias, batch, shape, all);
    }

    private static Matrix attention(Matrix qkv, Matrix bias, TokenBatch batch, Shape shape, int... seen) {
        int size = shape.size;
        Matrix y = Matrix.zeros(batch.tokens(), shape.heads * size);
        for (int s = 0; s < batch.sequences(); s++) {
            int first = batch.offsets()[s];
            int length = batch.length(s);
            for (int head = 0; head < shape.heads; head++) {
                int key = (shape.heads + head * shape.keyHeads / shape.heads) * size;
                Matrix scores = Matrix.zeros(length, length);
                for (int i = 0; i < length; i++) {
                    for (int j = 0; j < length; j++) {
                        int query = EncoderOpCases.position(batch, first + i);
                        int place = EncoderOpCases.position(batch, first + j);
                        double score = shape.reach == 0 ? 0 : bias.get(head, shape.distance(query, place));
                        for (int c = 0; c < size; c++) {
                            score += qkv.get(first + i, head * size + c) * qkv.get(first + j, key + c);
                        }
                        boolean sees = shape.sees(query, place) && j < seen[s];
                        scores.set(i, j, sees ? score * SCALE : Double.NEGATIVE_INFINITY);
                    }
                }
                Matrix shares = Reference.softmax(scores);
                for (int i = 0; i < length; i++) {
                    for (int c = 0; c < size; c++) {
                        double sum = 0;
                        for (int j = 0; j < length && Double.isFinite(shares.get(i, 0)); j++) {
                            sum += shares.get(i, j) * qkv.get(first + j, key + shape.keyHeads * size + c);
                        }
                        y.set(first + i, head * size + c, sum);
                    }
                }
            }
        }
        return y;
    }

    private static NDArray attention(NDArray qkv, NDArray bias, TokenBatch batch, int sequence, Shape shape) {
        int first = batch.offsets()[sequence];
        int length = Math.toIntExact(qkv.getShape().get(0));
        float[] mask = new float[length * length];
        float[] distances = new float[(2 * shape.reach + 1) * length * length];
        for (int i = 0; i < mask.length; i++) {
            int query = EncoderOpCases.position(batch, first + i / length);
            int key = EncoderOpCases.position(batch, first + i % length);
            mask[i] = shape.sees(query, key) ? 0 : Float.NEGATIVE_INFINITY;
            distances[shape.distance(query, key) * length * length + i] = shape.reach == 0 ? 0 : 1;
        }
        NDArray added = bias.matMul(
                        EncoderOpCases.constant(qkv, distances, 2 * shape.reach + 1, (long) length * length))
                .reshape(shape.heads, length, length);
        NDArray q = heads(qkv, 0, shape.heads, 1, shape.size);
        int shared = shape.heads / shape.keyHeads;
        NDArray k = heads(qkv, shape.heads, shape.keyHeads, shared, shape.size);
        NDArray v = heads(qkv, shape.heads + shape.keyHeads, shape.keyHeads, shared, shape.size);
        NDArray scores = EncoderOpCases.times(q.matMul(k.transpose(0, 2, 1)).add(added), SCALE)
                .add(EncoderOpCases.constant(qkv, mask, 1, length, length));
        return scores.softmax(-1).matMul(v).transpose(1, 0, 2).reshape(length, (long) shape.heads * shape.size);
    }

    /** Some heads, each so many times, {@code [heads, tokens, size]}. */
    private static NDArray heads(NDArray qkv, int first, int count, int times, int size) {
        var all = new NDList();
        for (int head = 0; head < count * times; head++) {
            int column = (first + head / times) * size;
            all.add(qkv.get(new NDIndex(":, {}:{}", column, column + size)).expandDims(0));
        }
        return NDArrays.concat(all, 0);
    }
}
