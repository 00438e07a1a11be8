package io.tokenwise.cli;

import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.api.Budget;
import io.tokenwise.model.ImageArchitecture;
import io.tokenwise.session.OpenModel;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/** Pictures of an image beside itself, each patch of which is shaded by the share of all learners that it used. */
final class ShadedPatches {
    /** Width of one of the two halves, about, in pixels. */
    private static final int WIDTH = 224;

    private static final int GAP = 8;

    /** What no learner looks like; all of them leave the image as it is. */
    private static final Color SHADE = new Color(16, 24, 64);

    private static final double DARKEST = 0.9;

    private ShadedPatches() {}

    /** For each patch of an image the share of all learners that it used, mean over the modules, at a budget. */
    static double[] shares(OpenModel model, int[] pixels, Budget budget) {
        Map<String, AdaptiveModule> modules = new HashMap<>();
        model.encoder().modules().forEach(module -> modules.put(module.path(), module));
        var shares = new double[sizes(model).patches()];
        model.sessions().encode(List.of(pixels), budget, (module, learners, tokens, gated) -> {
            int most = modules.get(module).learners();
            for (int patch = 0; patch < shares.length; patch++) {
                // The first token is the class token.
                shares[patch] += (double) learners[patch + 1] / most / modules.size();
            }
        });
        return shares;
    }

    private static ImageArchitecture sizes(OpenModel model) {
        return model.files().image().architecture();
    }

    /** The picture as a PNG. */
    static byte[] png(OpenModel model, int[] pixels, double[] shares) {
        ImageArchitecture sizes = sizes(model);
        int size = sizes.imageSize();
        int scale = Math.max(1, WIDTH / size);
        int width = size * scale;
        var image = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, size, size, pixels, 0, size);
        var picture = new BufferedImage(2 * width + GAP, width, BufferedImage.TYPE_INT_ARGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setRenderingHint(
                RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
        graphics.drawImage(image, 0, 0, width, width, null);
        graphics.drawImage(image, width + GAP, 0, width, width, null);
        int side = size / sizes.patchSize();
        int patch = sizes.patchSize() * scale;
        for (int i = 0; i < shares.length; i++) {
            int alpha = (int) Math.round(255 * DARKEST * (1 - Math.clamp(shares[i], 0, 1)));
            graphics.setColor(new Color(SHADE.getRed(), SHADE.getGreen(), SHADE.getBlue(), alpha));
            graphics.fillRect(width + GAP + i % side * patch, i / side * patch, patch, patch);
        }
        graphics.dispose();
        return encoded(picture);
    }

    /** A picture as a PNG. */
    static byte[] encoded(BufferedImage picture) {
        var bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("a picture cannot be written to memory", e);
        }
        return bytes.toByteArray();
    }
}
