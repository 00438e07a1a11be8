package io.tokenwise.cli;

import picocli.CommandLine.Option;

/** The option that keeps images from being mirrored while they are learnt from. */
final class MirrorOption {
    @Option(
            names = "--no-mirror",
            description = "Do not mirror images: for digits and letters, which mean something else then.")
    private boolean noMirror;

    boolean given() {
        return noMirror;
    }

    boolean mirrored() {
        return !noMirror;
    }
}
