package io.tokenwise.bench;

import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model that somebody has trained as a rival: {@code NAME=DIR} or {@code NAME=DIR@KEEP}. Those with one name are one curve.
 *
 * @param name of the curve
 * @param model a model's folder, or a built-in name
 * @param keep the share of the words that it is given; empty if it is given all
 */
record NamedRival(String name, String model, OptionalDouble keep) {
    private static final Pattern FORM = Pattern.compile("([\\w.+-]+)=(.+?)(?:@([0-9.]+))?");

    /** @throws IllegalArgumentException if it is not such a text; the message says what is */
    static NamedRival parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (matcher.matches()) {
            try {
                String keep = matcher.group(3);
                OptionalDouble share =
                        keep == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(keep));
                if (share.isEmpty() || share.getAsDouble() > 0 && share.getAsDouble() <= 1) {
                    return new NamedRival(matcher.group(1), matcher.group(2), share);
                }
            } catch (NumberFormatException e) {
                // Told below.
            }
        }
        throw new IllegalArgumentException("--rival: '" + text
                + "' must be NAME=DIR or NAME=DIR@KEEP, KEEP being the share of the words that it is given, above 0 and at"
                + " most 1, as in list-distilled=my-model@0.7");
    }
}
