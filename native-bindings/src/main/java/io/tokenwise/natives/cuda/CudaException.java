package io.tokenwise.natives.cuda;

/** A call of CUDA failed. The message, one line, names the operation, the error with its number, and what CUDA says about it. */
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String operation;
    private final String error;
    private final int number;

    CudaException(String operation, String error, int number, String text) {
        super("CUDA: " + operation + ": " + error + " (" + number + "): " + text);
        this.operation = operation;
        this.error = error;
        this.number = number;
    }

    /** What was asked for, such as {@code cuLaunchKernel(softmax)}. */
    public String operation() {
        return operation;
    }

    /** The library's name of the error, such as {@code CUDA_ERROR_OUT_OF_MEMORY}. */
    public String error() {
        return error;
    }

    /** The number of the error, in the library that it is of. */
    public int number() {
        return number;
    }

    /** Whether the device has no memory left for it. */
    public boolean isOutOfMemory() {
        return error.equals("CUDA_ERROR_OUT_OF_MEMORY") || error.equals("CUBLAS_STATUS_ALLOC_FAILED");
    }
}
