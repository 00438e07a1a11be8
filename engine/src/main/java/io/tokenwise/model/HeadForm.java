package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.NormForm;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.node.ObjectNode;

/**
 * What makes classes of a text's token vectors.
 *
 * @param pooling what it reads
 * @param layer between that and the classifier; empty if there is none
 * @param classifier the tensors of the last layer
 * @param bias whether that has one
 * @param padding config.json's {@code pad_token_id}, if the last token of a text is read: transformers reads the last one that is another; empty if there is none
 */
public record HeadForm(Pooling pooling, Optional<Layer> layer, String classifier, boolean bias, OptionalInt padding) {
    private static final String PADDING = "pad_token_id";

    /**
     * {@code norm(activation(dense(h)))}.
     *
     * @param dense its tensors, such as {@code pooler.dense}
     * @param bias whether it has one
     * @param norm what follows; empty if nothing does
     */
    public record Layer(String dense, boolean bias, Activation activation, Optional<Normed> norm) {}

    /** A norm and its tensors. */
    public record Normed(String path, NormForm form) {}

    /** {@code classifier(activation(dense(h)))} of the first token, all with biases. */
    public static HeadForm first(String dense, Activation activation, String classifier) {
        return new HeadForm(
                Pooling.FIRST, Optional.of(new Layer(dense, true, activation, Optional.empty())), classifier);
    }

    /** With a bias, of something else than the last token. */
    public HeadForm(Pooling pooling, Optional<Layer> layer, String classifier) {
        this(pooling, layer, classifier, true, OptionalInt.empty());
    }

    /** {@code classifier(h)} of the last token, without bias: of decoders, whose last token alone has seen the others. */
    public static HeadForm last(String classifier, JsonFile config) {
        int padding = config.integer(PADDING, -1, Integer.MAX_VALUE, -1);
        return new HeadForm(
                Pooling.LAST,
                Optional.empty(),
                classifier,
                false,
                padding < 0 ? OptionalInt.empty() : OptionalInt.of(padding));
    }

    /** Writes it into config.json, where batches are not taken without. */
    public static void writePadding(ModelDescription model, ObjectNode config) {
        if (((TextDescription) model).output() instanceof TextOutput.SequenceClasses classes) {
            classes.head().padding().ifPresent(id -> config.put(PADDING, id));
        }
    }

    /**
     * Of a tokenizer whose texts end with what is padding to the model: transformers then reads the token before that.
     *
     * @throws BadFileException if it is one
     */
    void check(Tokenizer tokenizer, String file) {
        int[] after = tokenizer.frame().after();
        if (padding.isPresent() && after.length > 0 && after[after.length - 1] == padding.getAsInt()) {
            throw new BadFileException(
                    file,
                    "ends texts with token " + padding.getAsInt()
                            + ", which is config.json's pad_token_id too: transformers would read the token before it; change"
                            + " one of them");
        }
    }

    /** The same with tanh: BERT's pooler and classifier. */
    public static HeadForm pooled(String dense, String classifier) {
        return first(dense, Activation.TANH, classifier);
    }
}
