package io.tokenwise.model.bert;

import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import java.util.Optional;

/**
 * BERT-base uncased (Devlin et al. 2019), of which {@code ./tokenwise fetch bert-base} brings TensorFlow's weights and the vocabulary. No file says what
 * is here.
 */
public final class BertBase {
    public static final String NAME = "bert-base";

    private BertBase() {}

    /**
     * A text's vector is the mean of its tokens' last states, as sentence-transformers takes it of a BERT that was not trained for vectors; its length is left as it
     * is.
     */
    public static TextDescription description(String name) {
        var sizes = new BertArchitecture(768, 12, 12, 3072, 30522, 512, 2, 1e-12);
        return new TextDescription(name, sizes, sizes.maxPositions(), Pooling.MEAN, false, "", "", Optional.empty());
    }
}
