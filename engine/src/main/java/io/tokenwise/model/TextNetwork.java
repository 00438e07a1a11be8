package io.tokenwise.model;

import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Embeddings;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** A model of texts: embeddings, layers, and of each text's token vectors one, or what a head makes of them. */
public record TextNetwork(
        TextDescription description, Embeddings embeddings, LayerStack layers, Optional<Norm> lastNorm, TextHead head)
        implements Network {
    private static final EmbeddingForm.Names LLAMA = new EmbeddingForm.Names("embed_tokens", null, null, null);

    /**
     * With zero weights.
     *
     * @param tables where a file has the embeddings
     * @param path before the layers' numbers, such as {@code encoder.layer.}
     * @param names within a layer
     * @param lastNorm after the last layer; null if there is none
     * @throws IllegalArgumentException if there is no operation yet for what the form asks
     */
    public static TextNetwork of(
            TextDescription description,
            EncoderForm form,
            EmbeddingForm.Names tables,
            String path,
            LayerNames names,
            String lastNorm,
            LayerBuilder parts) {
        Embeddings embeddings = embeddings(form.embeddings(), tables, parts.inputs());
        return new TextNetwork(
                description,
                embeddings,
                layers(description, form, path, names, parts),
                form.lastNorm().map(norm -> parts.head().norm(lastNorm, norm)),
                TextHead.of(description.output(), form.hiddenSize(), embeddings.words(), parts.head()));
    }

    /** The same under the names of Llama's files, which many after it have too. */
    public static TextNetwork ofLlama(ModelDescription model, LayerNames names, LayerBuilder parts) {
        var form = (EncoderForm) model.architecture();
        return of((TextDescription) model, form, LLAMA, "layers.", names, "norm", parts);
    }

    /**
     * A table of tokens' vectors, of which the head makes what the model gives: without layers.
     *
     * @param rows of the table
     */
    public static TextNetwork ofTable(TextDescription description, String table, int rows, LayerBuilder parts) {
        Parameter words = parts.inputs().table(table, rows);
        return new TextNetwork(
                description,
                new Embeddings(words, null, null, EmbeddingSums.Form.PLAIN, null),
                new LayerStack(List.of(), Optional.empty()),
                Optional.empty(),
                TextHead.of(description.output(), description.architecture().hiddenSize(), words, parts.head()));
    }

    /** With a short path if the model has one. Of tokens that are asked for one by one none leaves. */
    private static LayerStack layers(
            TextDescription description, EncoderForm form, String path, LayerNames names, LayerBuilder parts) {
        if (description.output().perToken()) {
            return parts.layers(path, form.forms(), names);
        }
        // A text's first and last token are marks, whose vectors all others lean on. Where there are none, the first is
        // what attention rests on that has nothing to look for, and the last what causal models make the vector of.
        // Parts of split texts may have more tokens than whole ones.
        var tokens =
                new LeavingTokens(1, 1, form.maxPositions(), form.embeddings().vocabulary(), 0);
        return parts.layers(path, form.forms(), names, tokens);
    }

    private static Embeddings embeddings(EmbeddingForm form, EmbeddingForm.Names names, LayerBuilder parts) {
        int first = form.positions().map(EmbeddingForm.PositionTable::first).orElse(0);
        return new Embeddings(
                parts.table(names.words() + ".weight", form.vocabulary()),
                form.positions()
                        .map(table -> parts.table(names.positions() + ".weight", table.rows()))
                        .orElse(null),
                form.types() == 0 ? null : parts.table(names.types() + ".weight", form.types()),
                new EmbeddingSums.Form((float) form.scale(), first),
                form.norm().map(norm -> parts.norm(names.norm(), norm)).orElse(null));
    }

    @Override
    public Tensor embeddings(Pass pass, TokenBatch batch) {
        return embeddings.forward(pass, batch);
    }

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers) {
        return layers.forward(pass, x, narrowLayers, lastNorm);
    }

    @Override
    public Tensor layers(Pass pass, Tensor x, int narrowLayers, Pooling read) {
        return layers.forward(pass, x, narrowLayers, lastNorm, read);
    }

    @Override
    public Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch) {
        return head.forward(pass, tokens, batch);
    }

    @Override
    public List<BlockSlot> slots() {
        return layers.slots();
    }

    @Override
    public List<BlockSlot> narrowSlots() {
        return layers.narrowSlots();
    }

    @Override
    public Optional<Leaving> leaving() {
        return layers.leaving();
    }

    @Override
    public double fixedFlops(int tokens) {
        return head.flops(tokens);
    }

    /** Embeddings are used as they are. */
    @Override
    public void prepare(Stream stream) {
        head.prepare(stream);
    }
}
