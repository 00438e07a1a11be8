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
     * @param modules the names of the adaptive modules, in the order in which they run
     * @param learnersByModule learners that ran, {@code [module][token]}
     * @param maxLearners learners that each module has
     */
    record ShadedText(List<String> tokens, List<String> modules, int[][] learnersByModule, int maxLearners) {
        ShadedText {
            tokens = List.copyOf(tokens);
            modules = List.copyOf(modules);
            if (tokens.isEmpty()) {
                throw new IllegalArgumentException("report: a text has no tokens");
            }
            if (learnersByModule.length != modules.size()) {
                throw new IllegalArgumentException("report: there are learners of " + learnersByModule.length
                        + " modules, but names of " + modules.size());
            }
            for (int module = 0; module < learnersByModule.length; module++) {
                if (learnersByModule[module].length != tokens.size()) {
                    throw new IllegalArgumentException("report: " + modules.get(module) + " has learners of "
                            + learnersByModule[module].length + " tokens, but the text has " + tokens.size());
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
