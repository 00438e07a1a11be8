package io.tokenwise.cli;

import io.tokenwise.audio.Sound;
import io.tokenwise.model.SoundForm;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/**
 * A picture of speech: its words, its spectrogram, and under this, frame by frame, the share of all learners that each frame used.
 *
 * @param samples at {@link Sound#SPEECH_HZ}
 * @param shares one for each frame
 * @param form how the frames were made
 */
record SpokenPicture(float[] samples, double[] shares, SoundForm form) {
    private static final int BAND_HEIGHT = 2;
    private static final int BARS_HEIGHT = 48;
    private static final int GAP = 4;
    private static final int MARGIN = 6;
    private static final int LEAST_WIDTH = 320;
    private static final int FONT_SIZE = 15;

    /** What is so far below the loudest is drawn as silence. */
    private static final float RANGE_DECIBELS = 70;

    private static final Color BARS = new Color(45, 105, 196);
    private static final Color NONE = new Color(226, 230, 240);

    /** As a PNG, without words. */
    byte[] png() {
        return png(List.of());
    }

    /**
     * As a PNG with the words above.
     *
     * @throws IllegalStateException if the machine has no font
     */
    byte[] png(String words) {
        var font = new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE);
        return png(lines(words, font, width() - 2 * MARGIN));
    }

    private int width() {
        return Math.max(LEAST_WIDTH, samples.length / Spectrogram.STEP);
    }

    private byte[] png(List<String> lines) {
        int lineHeight = FONT_SIZE * 4 / 3;
        int top = lines.isEmpty() ? 0 : lines.size() * lineHeight + GAP;
        int soundHeight = Spectrogram.BANDS * BAND_HEIGHT;
        var picture = new BufferedImage(width(), top + soundHeight + GAP + BARS_HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, picture.getWidth(), picture.getHeight());
        if (!lines.isEmpty()) {
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE));
            graphics.setColor(Color.BLACK);
            for (int line = 0; line < lines.size(); line++) {
                graphics.drawString(lines.get(line), MARGIN, line * lineHeight + FONT_SIZE);
            }
        }
        drawSound(graphics, top);
        drawShares(graphics, top + soundHeight + GAP);
        graphics.dispose();
        return ShadedPatches.encoded(picture);
    }

    private void drawSound(Graphics2D graphics, int top) {
        float[][] decibels = Spectrogram.of(samples).decibels();
        float loudest = Float.NEGATIVE_INFINITY;
        for (float[] time : decibels) {
            for (float value : time) {
                loudest = Math.max(loudest, value);
            }
        }
        for (int x = 0; x < decibels.length; x++) {
            for (int band = 0; band < Spectrogram.BANDS; band++) {
                float light = Math.clamp(1 - (loudest - decibels[x][band]) / RANGE_DECIBELS, 0, 1);
                graphics.setColor(heat(light));
                graphics.fillRect(x, top + (Spectrogram.BANDS - 1 - band) * BAND_HEIGHT, 1, BAND_HEIGHT);
            }
        }
    }

    /** From near black over violet and orange to near white. */
    private static Color heat(float light) {
        return Color.getHSBColor(.75f + .4f * light, 1 - .8f * light * light, .08f + .92f * (float) Math.sqrt(light));
    }

    private void drawShares(Graphics2D graphics, int top) {
        for (int frame = 0; frame < shares.length; frame++) {
            int from = x(frame);
            int width = x(frame + 1) - from;
            int height = (int) Math.round(BARS_HEIGHT * Math.clamp(shares[frame], 0, 1));
            graphics.setColor(NONE);
            graphics.fillRect(from, top, width, BARS_HEIGHT);
            graphics.setColor(BARS);
            graphics.fillRect(from, top + BARS_HEIGHT - height, width, height);
        }
    }

    /** Where a frame's bar begins: its middle lies under that of the samples that the frame sees. */
    private int x(int frame) {
        int step = form.frameSamples();
        return (frame * step + (form.leastSamples() - step) / 2) / Spectrogram.STEP;
    }

    private static List<String> lines(String words, Font font, int width) {
        FontMetrics metrics;
        try {
            metrics = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB)
                    .createGraphics()
                    .getFontMetrics(font);
            metrics.stringWidth(words);
        } catch (RuntimeException | InternalError | UnsatisfiedLinkError e) {
            throw new IllegalStateException(
                    "a picture with words needs a font, and Java finds none on this machine: install fontconfig and one",
                    e);
        }
        var lines = new ArrayList<String>();
        var line = new StringBuilder();
        for (String word : words.split(" ")) {
            if (!line.isEmpty() && metrics.stringWidth(line + " " + word) > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
