package io.tokenwise.nn;

import io.tokenwise.kernels.SpeechOps;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A text that a decoder is writing: how far it is, and the keys and values of each layer, of the tokens written and of the frames read. They are
 * {@code [2 * hidden, tokens]}, tokens side by side, and lie in the workspace of the pass. Not thread-safe.
 */
public final class Decoding {
    private final int frames;
    private final List<Tensor> written = new ArrayList<>();
    private final List<Tensor> read = new ArrayList<>();
    private int position;

    /**
     * Takes memory from the pass, which goes on with this text.
     *
     * @param frames that are read
     * @param mostTokens that will be written
     */
    public Decoding(Pass pass, int layers, int hidden, int frames, int mostTokens) {
        this.frames = frames;
        for (int layer = 0; layer < layers; layer++) {
            written.add(cache(pass, hidden, mostTokens));
            read.add(cache(pass, hidden, frames));
        }
        pass.writing(this);
    }

    private static Tensor cache(Pass pass, int hidden, int tokens) {
        Tensor cache = pass.tensor(2 * hidden, columns(tokens));
        pass.stream().fill(cache, 0);
        return cache;
    }

    /** Columns that a cache of so many tokens has. */
    public static int columns(int tokens) {
        return (tokens + SpeechOps.STEP - 1) / SpeechOps.STEP * SpeechOps.STEP;
    }

    Tensor written(int layer) {
        return written.get(layer);
    }

    Tensor read(int layer) {
        return read.get(layer);
    }

    int frames() {
        return frames;
    }

    /** Of the token that is being written, from 0. */
    public int position() {
        return position;
    }

    /** The next token is written from here on. */
    public void advance() {
        position++;
    }
}
