package io.tokenwise.cli;

import java.util.Locale;
import java.util.regex.Pattern;

/** What a reader calls an adaptive module, whose path is that of its tensors. */
final class ModuleName {
    private static final Pattern PATH =
            Pattern.compile("(decoder\\.)?(?:\\w+\\.)+(\\d+)\\.(?:mlp|attention\\.([qkvo]+))");

    private ModuleName() {}

    /**
     * Such as {@code layer 3 MLP} of {@code encoder.layer.2.mlp}, {@code layer 3 Q, K} of {@code encoder.layer.2.attention.qk} and
     * {@code decoder layer 2 MLP} of {@code decoder.layers.1.mlp}: layers are counted from 1. A path of another form stays as it is.
     */
    static String of(String path) {
        var found = PATH.matcher(path);
        if (!found.matches()) {
            return path;
        }
        String side = found.group(1) == null ? "" : "decoder ";
        String projections = found.group(3);
        return side + "layer " + (Integer.parseInt(found.group(2)) + 1) + " "
                + (projections == null
                        ? "MLP"
                        : String.join(", ", projections.toUpperCase(Locale.ROOT).split("")));
    }
}
