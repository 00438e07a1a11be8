package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.CudaUnavailableException;

/** Which dense products in bfloat16 cuBLASLt multiplies in our kernels' place. */
public enum LibraryUse {
    /** None. */
    NONE,
    /** All that it can, whatever is faster: for tests and experiments. */
    ALL,
    /** Those of which a {@link LibraryTable} of the card says that it is faster; without one none, and the library is not even loaded. */
    BY_TABLE;

    static final String PROPERTY = "tokenwise.cuda.cublaslt.products";

    /** What the system property {@value #PROPERTY} asks for, by a table without it. */
    static LibraryUse asked() throws CudaUnavailableException {
        String asked = System.getProperty(PROPERTY);
        return switch (asked) {
            case null -> BY_TABLE;
            case "none" -> NONE;
            case "all" -> ALL;
            default ->
                throw new CudaUnavailableException(
                        "CUDA is not available: -D" + PROPERTY + "=" + asked + " is neither all nor none", null);
        };
    }
}
