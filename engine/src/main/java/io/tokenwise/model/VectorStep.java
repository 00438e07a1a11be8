package io.tokenwise.model;

import io.tokenwise.kernels.Activation;
import java.util.Optional;

/** What becomes of a text's vector after pooling. */
public sealed interface VectorStep {
    /** It is scaled to length 1. */
    record Normalize() implements VectorStep {
        /** As the operation has it. */
        private static final double SMALLEST_NORM = 1e-12;

        /** The same of a vector outside the engine; zeros stay zeros, as the model leaves them. */
        public static float[] scaled(float... vector) {
            double squares = 0;
            for (float value : vector) {
                squares += (double) value * value;
            }
            double norm = Math.max(Math.sqrt(squares), SMALLEST_NORM);
            var scaled = new float[vector.length];
            for (int i = 0; i < vector.length; i++) {
                scaled[i] = (float) (vector[i] / norm);
            }
            return scaled;
        }
    }

    /**
     * {@code activation(W x + bias)}.
     *
     * @param folder in which a model's folder has the weights, such as {@code 2_Dense}
     * @param outputs width of what it makes
     * @param bias whether there is one
     * @param activation empty for none
     */
    record Dense(String folder, int outputs, boolean bias, Optional<Activation> activation) implements VectorStep {
        /** Of the tensors, whose names begin with the folder and a slash. */
        String tensors() {
            return folder + "/linear";
        }
    }
}
