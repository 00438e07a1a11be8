package io.tokenwise.session;

import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.nn.Decoding;

/** What a speech model needs while it runs. */
public final class SpeechMemory {
    private SpeechMemory() {}

    /**
     * Native memory that one session never passes, in bytes: twice what the longest segment needs, because a workspace that grows holds up to twice its
     * content. That is the front end with its windows, or the encoder's layers and, beside the frames, the keys and values of the decoder's.
     */
    public static long limit(MoonshineArchitecture sizes) {
        long hidden = sizes.hiddenSize();
        int frames = MoonshineArchitecture.frames(SpeechDescription.MOST_SAMPLES);
        long frontEnd = frames * frontEndFloats(sizes);
        long encoder = frames * (hidden * (sizes.layers() + 10) + sizes.intermediateSize());
        long tokens = Decoding.columns(frames)
                + Decoding.columns(SpeechDescription.mostTokens(SpeechDescription.MOST_SAMPLES));
        long decoder = sizes.decoderLayers() * (2 * hidden * tokens + 12 * hidden + 4L * sizes.intermediateSize())
                + sizes.vocabularySize();
        return 2 * Float.BYTES * (frontEnd + encoder + decoder) + (4L << 20);
    }

    /** Values that the front end holds for a frame: its samples, and of the convolutions. */
    static long frontEndFloats(MoonshineArchitecture sizes) {
        long hidden = sizes.hiddenSize();
        // The first convolution has 6 rows, the second 2 of twice the width; the windows of only one are there at a
        // time.
        long windows = Math.max(6 * 127, 2 * 7 * hidden);
        return MoonshineArchitecture.FRAME_SAMPLES + hidden * (6 + 2 * 2 + 2) + windows;
    }
}
