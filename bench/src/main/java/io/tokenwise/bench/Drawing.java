package io.tokenwise.bench;

/** What pictures are drawn on: lines, points and texts, in pixels from the upper left corner; colours as {@code #1b9e77}. */
public interface Drawing {
    /**
     * A text with a white rim, which can be read across lines.
     *
     * @param anchor {@code start}, {@code middle} or {@code end}: which part of the text is at x
     */
    void text(double x, double y, String anchor, int size, String colour, String text);

    /** A text from bottom to top, centred. */
    void vertical(double x, double y, int size, String text);

    void line(double fromX, double fromY, double toX, double toY, String colour, double width);

    void frame(double x, double y, double width, double height);

    void disc(double x, double y, double radius, String colour);

    /** @param corners x and y of each */
    void polygon(String colour, double... corners);
}
