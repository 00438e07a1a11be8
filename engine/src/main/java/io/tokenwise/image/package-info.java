/**
 * Images: JPEG and PNG files to packed pixels, resizing as Pillow does it, and data sets for classification.
 *
 * <p>A file from outside is hostile: sizes are checked before memory is taken, and what is wrong with it is a
 * {@link io.tokenwise.api.BadFileException} of one line. Nothing is written to disk, and no display is needed.
 */
package io.tokenwise.image;
