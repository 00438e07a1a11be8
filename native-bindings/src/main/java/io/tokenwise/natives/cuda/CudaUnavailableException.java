package io.tokenwise.natives.cuda;

/** There is no usable CUDA, or not that library of it. The message, one line, says what was found wanting and what would be right. */
public final class CudaUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    CudaUnavailableException(String message) {
        super(message);
    }

    /** What fails only when the device is used first makes it unavailable too. */
    public CudaUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
