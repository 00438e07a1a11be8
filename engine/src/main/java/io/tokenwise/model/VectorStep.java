package io.tokenwise.model;

import io.tokenwise.kernels.Activation;
import java.util.List;
import java.util.Optional;

/** What becomes of a vector: of a text's after pooling, or of each token's. */
public sealed interface VectorStep {
    /** In which folder of a model's the weights are, such as {@code 2_Dense}; empty if there are none. */
    default String folder() {
        return "";
    }

    /** How many values come out of so many. */
    default int width(int inputs) {
        return inputs;
    }

    /** How many values it takes to make them, besides those that it reads. */
    default long floats(int inputs) {
        return 0;
    }

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

    /** It goes through a LayerNorm. */
    record LayerNorm(@Override String folder) implements VectorStep {
        /** PyTorch's, which no file says. */
        static final double EPSILON = 1e-5;

        /** Of the tensors, whose names begin with the folder and a slash. */
        String tensors() {
            return folder + "/norm";
        }

        @Override
        public long floats(int inputs) {
            return inputs;
        }
    }

    /**
     * {@code activation(W x + bias)}, and what it reads added to that if there is a residual: through a matrix of its own if it has another width.
     *
     * @param folder empty if the tensors are beside the model's
     * @param outputs width of what it makes
     * @param bias whether there is one
     * @param activation empty for none
     * @param residual whether what it reads is added
     */
    record Dense(@Override String folder, int outputs, boolean bias, Optional<Activation> activation, boolean residual)
            implements VectorStep {
        /** Of the tensors. */
        String tensors() {
            return folder.isEmpty() ? "linear" : folder + "/linear";
        }

        @Override
        public int width(int inputs) {
            return outputs;
        }

        @Override
        public long floats(int inputs) {
            return (residual ? 3L : 2L) * outputs;
        }
    }

    /** How many values come out of several. Each forward asks, and a warm one allocates nothing, so this is a loop. */
    static int width(List<? extends VectorStep> steps, int inputs) {
        int width = inputs;
        for (int i = 0; i < steps.size(); i++) {
            width = steps.get(i).width(width);
        }
        return width;
    }

    /** How many values it takes to make them. */
    static long floats(List<? extends VectorStep> steps, int inputs) {
        long floats = 0;
        int width = inputs;
        for (VectorStep step : steps) {
            floats += step.floats(width);
            width = step.width(width);
        }
        return floats;
    }
}
