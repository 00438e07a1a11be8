package io.tokenwise.model;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Pools;
import io.tokenwise.tensor.Tensor;

/**
 * A head that makes a number for each word of the vocabulary: of each token's vector its logits, or of each text what SPLADE makes of those. See {@link WordsForm}. Its matrix is
 * mostly the embeddings' table, which is packed once more. Without gradient.
 *
 * @param logarithms how many times a text's weights are made {@code ln(1 + weight)}; 0 of each token's logits
 */
public record WordHead(HeadLayer layer, Weight words, Parameter bias, int logarithms) implements TextHead {
    /** What SPLADE makes of a text, with zero weights. */
    static WordHead of(TextOutput.Sparse output, Parameter embeddings, LayerBuilder parts) {
        return of(output.words(), output.flat() ? 2 : 1, embeddings, parts);
    }

    /**
     * With zero weights.
     *
     * @param embeddings of words
     */
    public static WordHead of(WordsForm form, int logarithms, Parameter embeddings, LayerBuilder parts) {
        HeadLayer layer = HeadLayer.of(form.layer(), embeddings.value().columns(), parts);
        Parameter table = form.tied()
                ? embeddings
                : parts.table(form.table(), embeddings.value().rows());
        return new WordHead(
                layer,
                parts.weight(table),
                parts.vector(form.bias(), table.value().rows()),
                logarithms);
    }

    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        return logarithms > 0 ? weights(pass, tokens, batch) : logits(pass, tokens);
    }

    /** Of tokens' vectors {@code [rows, hidden]} the logits {@code [rows, words]}. */
    public Tensor logits(Pass pass, Tensor tokens) {
        Tensor logits = pass.tensor(tokens.rows(), words.inputs());
        pass.push();
        logits(pass, tokens, logits);
        pass.pop();
        return logits;
    }

    private void logits(Pass pass, Tensor tokens, Tensor logits) {
        pass.frozen("logits of words", tokens, words.parameter(), bias);
        pass.stream().linear(layer.forward(pass, tokens), words.transposed(), bias.value(), false, null, logits);
    }

    /** {@code [sequences, words]}. Logits are many more than what they become, so they are made of some tokens at a time. */
    private Tensor weights(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor weights = pass.tensor(batch.sequences(), words.inputs());
        pass.stream().fill(weights, 0);
        int atOnce = RowMemory.rowsAtOnce(words.inputs());
        var part = pass.memory(Part.class, Part::new);
        for (int from = 0, sequence = 0; from < tokens.rows(); from += atOnce) {
            int to = Math.min(tokens.rows(), from + atOnce);
            while (batch.offsets()[sequence + 1] <= from) {
                sequence++;
            }
            int sequences = part.cut(batch, sequence, from, to);
            pass.push();
            Tensor logits = pass.tensor(to - from, words.inputs());
            logits(pass, pass.workspace().rows(tokens, from, to - from), logits);
            Tensor ofPart = pass.workspace().rows(weights, sequence, sequences);
            Pools.raiseToLargest(pass.stream(), logits, part.offsets, sequences, ofPart);
            pass.pop();
        }
        for (int i = 0; i < logarithms; i++) {
            Pools.logs(pass.stream(), weights);
        }
        return weights;
    }

    /** The sequences of some of a batch's tokens, kept from pass to pass. */
    private static final class Part {
        private int[] offsets = new int[16];

        /** Sets the offsets of those from {@code first} on that have tokens among {@code from} to {@code to}, and tells how many they are. */
        int cut(TokenBatch batch, int first, int from, int to) {
            if (offsets.length < batch.sequences() + 1) {
                offsets = new int[2 * batch.sequences()];
            }
            int count = 0;
            while (first + count < batch.sequences() && batch.offsets()[first + count] < to) {
                count++;
                offsets[count] = Math.min(batch.offsets()[first + count], to) - from;
            }
            return count;
        }
    }

    @Override
    public void prepare(Stream stream) {
        layer.dense().weight().prepare(stream);
        words.prepareTransposed(stream);
    }

    @Override
    public double flops(int tokens) {
        return (double) tokens * (layer.dense().flopsPerToken() + (double) words.inputs() * words.outputs());
    }
}
