package io.tokenwise.server;

import io.tokenwise.api.Deadline;
import io.tokenwise.image.Image;
import io.tokenwise.server.TeiPredictRoute.Inputs;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;

/** The field {@code inputs} of images: a JPEG or PNG in Base64, alone or in a data URL, or an array of arrays of one. */
final class PredictedImages {
    private static final String INPUTS = "inputs";

    private final ImageDecoding decoding;

    PredictedImages(ImageDecoding decoding) {
        this.decoding = decoding;
    }

    /** The pixels, later, as the model reads them. */
    CompletableFuture<Inputs> read(Exchange exchange, Fields fields, ServedModel.Images model, Deadline deadline) {
        JsonNode inputs = fields.needed(INPUTS);
        boolean batch = inputs.isArray() && !inputs.isEmpty() && inputs.get(0).isArray();
        List<byte[]> images = new ArrayList<>();
        if (batch) {
            TeiInputs.checkSize(inputs.size());
            for (int i = 0; i < inputs.size(); i++) {
                images.add(image(TeiInputs.name(i), inputs.get(i), model.name()));
            }
        } else {
            images.add(image(INPUTS, inputs, model.name()));
        }
        CompletableFuture<List<Image>> decoded = decoding.all(images, INPUTS, deadline, model.classifier()::prepare);
        exchange.cancelWhenGone(decoded);
        return decoded.thenApply(all -> new Inputs(all.stream().map(Image::rgb).toList(), batch, 0, 0));
    }

    /** @param model to be named, since a request that names none may have meant another */
    private static byte[] image(String name, JsonNode input, String model) {
        JsonNode image = input.isArray() && input.size() == 1 ? input.get(0) : input;
        if (!image.isString()) {
            throw ApiError.field(
                    name,
                    name + " has " + Json.kind(image)
                            + ": inputs must be an image in Base64, or an array of arrays of one: [[image], [image]]");
        }
        if (image.stringValue().isEmpty()) {
            throw TeiInputs.empty(name);
        }
        try {
            return Base64.getDecoder().decode(base64(name, image.stringValue()));
        } catch (IllegalArgumentException e) {
            // The decoder's words quote the image.
            throw ApiError.field(
                    name,
                    name + " must be a JPEG or PNG in Base64, or a data URL of one: model " + model
                            + " classifies images; \"model\" names another");
        }
    }

    private static String base64(String name, String image) {
        if (!image.startsWith("data:")) {
            return image;
        }
        int comma = image.indexOf(',');
        if (comma < 0 || !image.substring(0, comma).endsWith(";base64")) {
            throw ApiError.field(name, name + ": a data URL must hold Base64: data:image/png;base64,...");
        }
        return image.substring(comma + 1);
    }
}
