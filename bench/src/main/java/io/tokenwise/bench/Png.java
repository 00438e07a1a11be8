package io.tokenwise.bench;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.font.GlyphVector;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** A drawing as pixels, twice as many each way as its size says, so that it is sharp on screens of today. Its texts need a font on the machine. */
final class Png implements Drawing {
    private static final int SCALE = 2;
    private static final float RIM = 3;

    private final BufferedImage image;
    private final Graphics2D graphics;

    /** @throws IllegalStateException if the machine has no font */
    Png(int width, int height) {
        image = new BufferedImage(SCALE * width, SCALE * height, BufferedImage.TYPE_INT_RGB);
        graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        graphics.scale(SCALE, SCALE);
        try {
            graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 1));
            graphics.getFontMetrics();
        } catch (RuntimeException | InternalError e) {
            throw new IllegalStateException(
                    "a PNG needs a font on this machine, as Debian's fonts-dejavu-core has one", e);
        }
    }

    @Override
    public void text(double x, double y, String anchor, int size, String colour, String text) {
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, size));
        FontMetrics metrics = graphics.getFontMetrics();
        double width = metrics.stringWidth(text);
        double start = switch (anchor) {
            case "middle" -> x - width / 2;
            case "end" -> x - width;
            default -> x;
        };
        GlyphVector glyphs = graphics.getFont().createGlyphVector(graphics.getFontRenderContext(), text);
        Shape outline = glyphs.getOutline((float) start, (float) y);
        graphics.setColor(Color.WHITE);
        graphics.setStroke(new BasicStroke(RIM, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        graphics.draw(outline);
        graphics.setColor(Color.decode(colour));
        graphics.fill(outline);
    }

    @Override
    public void vertical(double x, double y, int size, String text) {
        AffineTransform before = graphics.getTransform();
        graphics.translate(x, y);
        graphics.rotate(-Math.PI / 2);
        text(0, 0, "middle", size, "#333333", text);
        graphics.setTransform(before);
    }

    @Override
    public void line(double fromX, double fromY, double toX, double toY, String colour, double width) {
        graphics.setColor(Color.decode(colour));
        graphics.setStroke(new BasicStroke((float) width));
        graphics.draw(new Line2D.Double(fromX, fromY, toX, toY));
    }

    @Override
    public void frame(double x, double y, double width, double height) {
        graphics.setColor(Color.GRAY);
        graphics.setStroke(new BasicStroke(1));
        graphics.draw(new Rectangle2D.Double(x, y, width, height));
    }

    @Override
    public void disc(double x, double y, double radius, String colour) {
        rimmed(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius), colour);
    }

    @Override
    public void polygon(String colour, double... corners) {
        var path = new Path2D.Double();
        path.moveTo(corners[0], corners[1]);
        for (int i = 2; i < corners.length; i += 2) {
            path.lineTo(corners[i], corners[i + 1]);
        }
        path.closePath();
        rimmed(path, colour);
    }

    private void rimmed(Shape shape, String colour) {
        graphics.setColor(Color.decode(colour));
        graphics.fill(shape);
        graphics.setColor(Color.WHITE);
        graphics.setStroke(new BasicStroke(1));
        graphics.draw(shape);
    }

    void write(Path file) throws IOException {
        ImageIO.write(image, "png", file.toFile());
    }
}
