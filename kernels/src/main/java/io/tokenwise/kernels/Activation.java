package io.tokenwise.kernels;

/** What an MLP does between its two products, to a value or to the gate that scales one. */
public enum Activation {
    /** {@code x Phi(x)}, Phi being the standard normal distribution (Hendrycks and Gimpel 2016). */
    GELU,

    /** Their approximation, {@code x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2}. */
    GELU_TANH,

    /** {@code x / (1 + e^-x)}. */
    SILU,

    /** {@code max(x, 0)}. */
    RELU
}
