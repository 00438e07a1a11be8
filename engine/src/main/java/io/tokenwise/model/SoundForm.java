package io.tokenwise.model;

import java.util.List;

/**
 * How frames are made of samples: by convolutions one after the other, none of which reads beyond an end.
 *
 * @param convolutions first to last
 * @param mostSamples of the longest recording
 */
public record SoundForm(List<Step> convolutions, int mostSamples) {
    /**
     * A convolution, in rows of what it reads.
     *
     * @param width of its windows
     * @param step from one window to the next
     */
    public record Step(int width, int step) {}

    public SoundForm {
        convolutions = List.copyOf(convolutions);
    }

    /** Frames of so many samples; none below {@link #leastSamples}. */
    public int frames(int samples) {
        return rows(samples, convolutions.size());
    }

    /** Rows that the first few convolutions make of so many samples; of all of them these are frames. */
    public int rows(int samples, int first) {
        int rows = samples;
        for (Step convolution : convolutions.subList(0, first)) {
            rows = rows < convolution.width ? 0 : (rows - convolution.width) / convolution.step + 1;
        }
        return rows;
    }

    /** Frames of the longest recording. */
    public int mostFrames() {
        return frames(mostSamples);
    }

    /** Samples below which there is no frame. */
    public int leastSamples() {
        int samples = 1;
        for (Step convolution : convolutions.reversed()) {
            samples = (samples - 1) * convolution.step + convolution.width;
        }
        return samples;
    }

    /** Samples from one frame to the next. */
    public int frameSamples() {
        return convolutions.stream().mapToInt(Step::step).reduce(1, (a, b) -> a * b);
    }
}
