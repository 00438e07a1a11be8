package io.tokenwise.kernels;

/** Working memory of one thread, kept between kernel calls so that a warm kernel allocates nothing. Not thread-safe. */
public final class Scratch {
    private float[] floats = new float[0];

    /** At least {@code count} floats with unspecified content; valid until the next call. */
    public float[] floats(int count) {
        if (floats.length < count) {
            floats = new float[Math.max(count, floats.length * 2)];
        }
        return floats;
    }
}
