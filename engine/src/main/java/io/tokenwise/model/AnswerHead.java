package io.tokenwise.model;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/**
 * Scores texts by what their last token makes of two words; see {@link TextOutput.Answer}. Of all words' rows it needs the difference of two; a table of
 * its own is kept whole all the same, since the files of a saved model have it.
 *
 * @param words rows of all
 * @param difference {@code [hidden, 1]}
 */
record AnswerHead(TextOutput.Answer form, Parameter words, Linear difference) implements TextHead {
    /** @param embeddings of words */
    static AnswerHead of(TextOutput.Answer form, Parameter embeddings, LayerBuilder parts) {
        Parameter words = form.table()
                .map(table -> parts.table(table, embeddings.value().rows()))
                .orElse(embeddings);
        Parameter difference =
                parts.parameters().fixed("answer", embeddings.value().columns(), 1);
        return new AnswerHead(form, words, new Linear(new Weight(parts.parameters(), difference), null));
    }

    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        return difference.forward(pass, Pooling.LAST.forward(pass, tokens, batch));
    }

    @Override
    public void prepare(Stream stream) {
        try (HostTensor rows = words.read();
                HostTensor column = difference.weight().parameter().write()) {
            for (int i = 0; i < rows.columns(); i++) {
                column.set(i, 0, rows.get(form.yes(), i) - rows.get(form.no(), i));
            }
        }
        difference.weight().parameter().changed();
        difference.weight().prepare(stream);
    }

    @Override
    public double flops(int tokens) {
        return difference.flopsPerToken();
    }
}
