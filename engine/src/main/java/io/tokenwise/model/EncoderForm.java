package io.tokenwise.model;

import io.tokenwise.cost.Sizes;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import java.util.List;
import java.util.Optional;

/**
 * What a text encoder is, apart from its weights. All its layers are of one size.
 *
 * @param hiddenSize width of a token's vector
 * @param forms of the layers, first to last
 * @param lastNorm after the last layer; empty if there is none
 */
public record EncoderForm(int hiddenSize, EmbeddingForm embeddings, List<LayerForm> forms, Optional<NormForm> lastNorm)
        implements TextArchitecture {
    // Far above every published model, far below what exhausts memory by a typing error.
    private static final int MOST_WIDTH = 1 << 16;
    private static final int MOST_LAYERS = 1 << 10;

    /** @throws IllegalArgumentException if sizes are beyond all measure */
    public EncoderForm {
        if (hiddenSize < 1 || hiddenSize > MOST_WIDTH) {
            throw new IllegalArgumentException("hidden size is " + hiddenSize + ", must be 1 to " + MOST_WIDTH);
        }
        if (forms.isEmpty() || forms.size() > MOST_LAYERS) {
            throw new IllegalArgumentException(forms.size() + " layers: must be 1 to " + MOST_LAYERS);
        }
        forms = List.copyOf(forms);
        AttentionForm attention = forms.getFirst().attention();
        int units = forms.getFirst().mlp().units();
        for (LayerForm form : forms) {
            if (form.mlp().units() != units
                    || form.attention().width() != attention.width()
                    || form.attention().keyWidth() != attention.keyWidth()) {
                throw new IllegalArgumentException("layers of different sizes");
            }
        }
    }

    @Override
    public int layers() {
        return forms.size();
    }

    @Override
    public int heads() {
        return forms.getFirst().attention().heads();
    }

    @Override
    public int intermediateSize() {
        return forms.getFirst().mlp().units();
    }

    /** Of a gated MLP as many units as an ungated one of as many weights has, so that its time is predicted from that. */
    @Override
    public Sizes sizes() {
        return new Sizes(hiddenSize, Math.toIntExact(mlpFlopsPerToken() / (2L * hiddenSize)), heads(), layers());
    }

    @Override
    public double layerNormEpsilon() {
        return forms.getFirst().mlpNorm().epsilon();
    }

    @Override
    public long layerFlopsPerToken() {
        AttentionForm attention = forms.getFirst().attention();
        return (long) hiddenSize * 2 * (attention.width() + attention.keyWidth()) + mlpFlopsPerToken();
    }

    @Override
    public long mlpFlopsPerToken() {
        MlpForm mlp = forms.getFirst().mlp();
        return (long) hiddenSize * mlp.units() * (mlp.gated() ? 3 : 2);
    }

    /** Of heads with norms Q and K are there twice, of a gated MLP units, gates and their products. */
    @Override
    public long floatsPerToken() {
        AttentionForm attention = forms.getFirst().attention();
        MlpForm mlp = forms.getFirst().mlp();
        long columns = 2L * (attention.width() + attention.keyWidth());
        long normed = attention.headNorm().isPresent() ? attention.width() + attention.keyWidth() : 0;
        return 8L * hiddenSize + columns + normed + (mlp.gated() ? 3L : 1L) * mlp.units();
    }

    @Override
    public int vocabularySize() {
        return embeddings.vocabulary();
    }

    @Override
    public int types() {
        return embeddings.types();
    }

    /** As many as the table of positions has, else as the layers have. */
    @Override
    public int maxPositions() {
        return embeddings
                .positions()
                .map(EmbeddingForm.PositionTable::tokens)
                .orElseGet(() -> forms.stream()
                        .mapToInt(form -> form.attention().positions().most())
                        .min()
                        .orElseThrow());
    }

    @Override
    public double attentionFlopsPerToken(int tokens) {
        double positions = forms.stream()
                .mapToDouble(form -> form.attention().positionFlopsPerToken(tokens))
                .sum();
        return TextArchitecture.super.attentionFlopsPerToken(tokens) + positions;
    }

    @Override
    public EncoderForm withLayers(int first) {
        if (first < 1 || first > forms.size()) {
            throw new IllegalArgumentException(
                    "the first " + first + " layers of " + forms.size() + ": must be 1 to " + forms.size());
        }
        return new EncoderForm(hiddenSize, embeddings, forms.subList(0, first), lastNorm);
    }
}
