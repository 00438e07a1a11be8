package io.tokenwise.model;

/** The sizes of an image classifier whose tokens are square patches, after one that is none. */
public interface ImageArchitecture extends Architecture {
    /** Width and height of the images that it reads, in pixels. */
    int imageSize();

    /** Width and height of a patch. */
    int patchSize();

    /** Classes that it tells apart. */
    int classes();

    /** In a row of an image's patches, and in a column. */
    default int patchesPerSide() {
        return imageSize() / patchSize();
    }

    /** Of an image: its patches, row by row. */
    default int patches() {
        return patchesPerSide() * patchesPerSide();
    }

    /** Of an image: the class token, then its patches. */
    default int tokens() {
        return patches() + 1;
    }
}
