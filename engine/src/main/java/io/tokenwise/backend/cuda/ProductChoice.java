package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Device;

/**
 * What multiplies matrices on a device.
 *
 * @param library which dense products cuBLASLt takes over
 * @param wgmma whether our own kernels take Hopper's own instructions, which devices after it do not have
 */
public record ProductChoice(LibraryUse library, boolean wgmma) {
    /** Our own kernels alone, by the instructions that all devices have. */
    public static final ProductChoice OWN = new ProductChoice(LibraryUse.NONE, false);

    /** As {@link #OWN}, by Hopper's own instructions. */
    public static final ProductChoice OWN_BY_WGMMA = new ProductChoice(LibraryUse.NONE, true);

    /** All that cuBLASLt can multiply is its own. */
    public static final ProductChoice ALL_BY_LIBRARY = new ProductChoice(LibraryUse.ALL, false);

    /** False without it, as long as no card has measured these products. */
    static final String WGMMA = "tokenwise.cuda.wgmma";

    static final String WGMMA_CAPABILITY = "9.0";

    /**
     * What the system properties {@value LibraryUse#PROPERTY} and {@value #WGMMA} ask for.
     *
     * @throws CudaUnavailableException if one of them says something that it cannot say
     */
    public static ProductChoice asked() throws CudaUnavailableException {
        return new ProductChoice(LibraryUse.asked(), wgmmaAsked());
    }

    private static boolean wgmmaAsked() throws CudaUnavailableException {
        String asked = System.getProperty(WGMMA, "false");
        return switch (asked) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw new CudaUnavailableException(
                        "CUDA is not available: -D" + WGMMA + "=" + asked
                                + " is neither true nor false; false is what it is without",
                        null);
        };
    }

    /** Whether a device can have products by {@code wgmma}. */
    public static boolean hasWgmma(Device device) {
        return device.capability().equals(WGMMA_CAPABILITY);
    }
}
