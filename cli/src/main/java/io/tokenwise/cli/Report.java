package io.tokenwise.cli;

import io.tokenwise.distill.History;
import java.util.List;

/**
 * What the page of a run shows.
 *
 * @param machine what it was measured on, in words
 * @param results the table and the curves
 * @param modules what each module ran at each budget
 * @param training how the model came about
 * @param texts sentences with the learners that each token used
 * @param images the same of images and their patches
 * @param recordings the same of recordings and their frames
 * @param shading what a reader sees of these texts, images or recordings
 * @param notes what a reader needs to judge the figures, one paragraph each
 */
record Report(
        String title,
        String subtitle,
        String machine,
        Results results,
        ModuleLearners modules,
        History training,
        List<ShadedText> texts,
        List<ShadedImage> images,
        List<ShadedRecording> recordings,
        String shading,
        List<String> notes) {
    Report {
        texts = List.copyOf(texts);
        images = List.copyOf(images);
        recordings = List.copyOf(recordings);
        notes = List.copyOf(notes);
    }

    /**
     * A sentence as the model reads it.
     *
     * @param tokens WordPieces; those that continue a word begin with {@code ##}
     * @param learnersByLayer learners that ran, {@code [layer][token]}
     * @param maxLearners learners that each layer has
     */
    record ShadedText(List<String> tokens, int[][] learnersByLayer, int maxLearners) {
        ShadedText {
            tokens = List.copyOf(tokens);
            if (tokens.isEmpty()) {
                throw new IllegalArgumentException("report: a text has no tokens");
            }
            for (int layer = 0; layer < learnersByLayer.length; layer++) {
                if (learnersByLayer[layer].length != tokens.size()) {
                    throw new IllegalArgumentException("report: layer " + layer + " has learners of "
                            + learnersByLayer[layer].length + " tokens, but the text has " + tokens.size());
                }
            }
        }
    }

    /**
     * An image beside itself with each patch shaded.
     *
     * @param caption what it is taken for
     * @param png the picture
     */
    record ShadedImage(String caption, byte[] png) {}

    /**
     * A recording as its spectrogram with the learners of its frames under it.
     *
     * @param words what is said in it
     * @param png the picture, as wide as the recording is long
     */
    record ShadedRecording(String words, byte[] png) {}
}
