package io.tokenwise.kernels;

/** What is done to single values: between an MLP's two products, or to the gate that scales one, and in heads. */
public enum Activation {
    /** {@code x Phi(x)}, Phi being the standard normal distribution (Hendrycks and Gimpel 2016). */
    GELU,

    /** Their approximation, {@code x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2}. */
    GELU_TANH,

    /** {@code x / (1 + e^-x)}. */
    SILU,

    /** {@code max(x, 0)}. */
    RELU,

    /** Of layers that make something of a text's vector. */
    TANH;

    /** Of one value, as kernels do without vectors. */
    public float of(float x) {
        return switch (this) {
            case GELU -> ScalarMath.gelu(x);
            case GELU_TANH, SILU -> x / ScalarMath.closed(x, this == SILU);
            case RELU -> x < 0 ? 0 : x;
            case TANH -> ScalarMath.tanh(x);
        };
    }
}
