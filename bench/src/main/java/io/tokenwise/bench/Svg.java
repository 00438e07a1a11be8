package io.tokenwise.bench;

import java.util.Locale;

/**
 * A drawing of lines, points and texts as scalable vector graphics. By hand, because Java's chart libraries want AWT's fonts, which headless
 * machines lack.
 */
public final class Svg implements Drawing {
    private final StringBuilder content = new StringBuilder();

    public Svg(int width, int height) {
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\""
                        + " font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">",
                width, height, width, height);
        add("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", width, height);
    }

    private void add(String format, Object... values) {
        content.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    @Override
    public void text(double x, double y, String anchor, int size, String colour, String text) {
        add(
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"%s\" stroke=\"#ffffff\""
                        + " stroke-width=\"3\" paint-order=\"stroke\">%s</text>",
                x, y, anchor, size, colour, escaped(text));
    }

    @Override
    public void vertical(double x, double y, int size, String text) {
        add(
                "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\" font-size=\"%d\""
                        + " fill=\"#333333\">%s</text>",
                x, y, size, escaped(text));
    }

    @Override
    public void line(double fromX, double fromY, double toX, double toY, String colour, double width) {
        add(
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%.1f\"/>",
                fromX, fromY, toX, toY, colour, width);
    }

    @Override
    public void frame(double x, double y, double width, double height) {
        add(
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"#888888\"/>",
                x, y, width, height);
    }

    @Override
    public void disc(double x, double y, double radius, String colour) {
        add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\" stroke=\"#ffffff\"/>", x, y, radius, colour);
    }

    @Override
    public void polygon(String colour, double... corners) {
        var points = new StringBuilder();
        for (double corner : corners) {
            points.append(String.format(Locale.ROOT, "%.1f ", corner));
        }
        add(
                "<polygon points=\"%s\" fill=\"%s\" stroke=\"#ffffff\"/>",
                points.toString().strip(), colour);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    @Override
    public String toString() {
        return content + "</svg>\n";
    }
}
