package io.tokenwise.model.bert;

import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.Network;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import java.util.Collections;
import java.util.Optional;

/** BERT's encoder (Devlin et al. 2019), pooled to a vector for each text. */
public final class Bert {
    private static final EmbeddingForm.Names TABLES = new EmbeddingForm.Names(
            "embeddings.word_embeddings",
            "embeddings.position_embeddings",
            "embeddings.token_type_embeddings",
            "embeddings.LayerNorm");

    private static final LayerNames NAMES = LayerNames.of(
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "intermediate.dense",
            "output.dense",
            LayerNames.Norms.of("attention.output.LayerNorm", "output.LayerNorm"));

    private Bert() {}

    /** With zero weights. */
    static Network of(TextDescription description, LayerBuilder parts) {
        return of(description, form((BertArchitecture) description.architecture()), parts);
    }

    /** One of BERT's relatives, whose tensors have the same names. */
    public static Network of(TextDescription description, EncoderForm form, LayerBuilder parts) {
        return TextNetwork.of(description, form, TABLES, "encoder.layer.", NAMES, null, parts);
    }

    private static EncoderForm form(BertArchitecture sizes) {
        var norm = NormForm.layerNorm(sizes.layerNormEpsilon());
        var layer = LayerForm.of(
                LayerForm.NormPlace.AFTER,
                norm,
                AttentionForm.plain(sizes.heads(), sizes.hiddenSize() / sizes.heads()),
                MlpForm.gelu(sizes.intermediateSize()));
        var positions = new EmbeddingForm.PositionTable(sizes.maxPositions(), 0);
        return new EncoderForm(
                sizes.hiddenSize(),
                new EmbeddingForm(
                        sizes.vocabularySize(),
                        Optional.of(positions),
                        sizes.typeVocabularySize(),
                        1,
                        Optional.of(norm)),
                Collections.nCopies(sizes.layers(), layer),
                Optional.empty());
    }
}
