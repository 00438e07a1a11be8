package io.tokenwise.cli;

import io.tokenwise.image.Split;
import picocli.CommandLine.Option;

/** The option that names a part of images with classes. */
final class SplitOption {
    @Option(
            names = "--split",
            paramLabel = "NAME",
            description =
                    "Which part of the images: the folder that holds the classes, or train or test of MNIST's files (default: train to learn from,"
                            + " test to judge by, or all if there is no such folder).")
    private String name;

    boolean given() {
        return name != null;
    }

    /** What was asked for, or else the part of that name if there is one. */
    Split orUsual(String usual) {
        return name == null ? Split.usual(usual) : Split.of(name);
    }
}
