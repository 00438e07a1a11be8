package io.tokenwise.model;

import io.tokenwise.image.ImagePreparation;
import io.tokenwise.image.LabelledImageReader;
import io.tokenwise.image.RandomShift;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What an image classifier is, apart from its weights. It reads the pixels of an image, row by row, each as {@code 0xRRGGBB}, and gives a logit for
 * each class.
 *
 * @param labels names of the classes, in the order of the logits
 * @param several whether an image may be of more than one class, or of none
 */
public record ImageDescription(
        String name,
        ModelFamily family,
        ImageArchitecture architecture,
        ImagePreparation preparation,
        List<String> labels,
        boolean several,
        Optional<JsonNode> acm)
        implements ModelDescription {
    public ImageDescription {
        labels = List.copyOf(labels);
        if (labels.size() != architecture.classes()) {
            throw new IllegalArgumentException(
                    labels.size() + " labels for " + architecture.classes() + " classes: give one for each");
        }
    }

    /** Of a model that tells of which one class an image is. */
    public ImageDescription(
            String name,
            ModelFamily family,
            ImageArchitecture architecture,
            ImagePreparation preparation,
            List<String> labels,
            Optional<JsonNode> acm) {
        this(name, family, architecture, preparation, labels, false, acm);
    }

    /** What reads images of files as the model wants them. */
    public LabelledImageReader reader() {
        return LabelledImageReader.of(preparation, architecture.imageSize());
    }

    @Override
    public ImageDescription withAcm(Optional<JsonNode> newAcm) {
        return new ImageDescription(name, family, architecture, preparation, labels, several, newAcm);
    }

    @Override
    public InputKind reads() {
        return InputKind.IMAGE;
    }

    @Override
    public String kind() {
        return "an image classifier";
    }

    /** The class token. */
    @Override
    public Optional<Pooling> pooledToken() {
        return Optional.of(Pooling.FIRST);
    }

    /** Images are shifted. */
    @Override
    public Variation variation(boolean mirrored) {
        return new RandomShift(architecture.imageSize(), mirrored)::of;
    }

    /** @throws IllegalArgumentException if the image has another size than the model's */
    @Override
    public int tokens(int[] pixels) {
        int size = architecture.imageSize();
        if (pixels.length != size * size) {
            throw new IllegalArgumentException("an image of " + pixels.length + " pixels; the model reads " + size
                    + " x " + size + ": resize it first");
        }
        return architecture.tokens();
    }

    @Override
    public int maxTokens() {
        return architecture.tokens();
    }

    @Override
    public int outputs() {
        return architecture.classes();
    }
}
