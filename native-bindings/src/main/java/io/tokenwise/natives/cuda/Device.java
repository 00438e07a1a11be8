package io.tokenwise.natives.cuda;

/**
 * What a device is.
 *
 * @param ordinal its number among those that CUDA_VISIBLE_DEVICES leaves
 * @param major the first number of the compute capability, 9 of 9.0
 * @param minor the second
 * @param memoryBytes all of its memory
 * @param sharedBytesPerBlock the most shared memory that a block may have if its function asks for it
 * @param driverVersion the CUDA that the driver serves: 13000 is 13.0
 */
public record Device(
        int ordinal,
        String name,
        int major,
        int minor,
        int multiprocessors,
        long memoryBytes,
        int sharedBytesPerBlock,
        int driverVersion) {
    private static final String SIMULATED = "tokenwise fake";

    /** Such as {@code 9.0}. */
    public String capability() {
        return major + "." + minor;
    }

    /** Whether its capability is that or newer: 80 is 8.0. */
    public boolean hasCapability(int capability) {
        return 10 * major + minor >= capability;
    }

    /** Whether this is the tests' device that is simulated on the CPU. */
    public boolean simulated() {
        return name.startsWith(SIMULATED);
    }

    /** {@code 12.4} of 12040. */
    static String version(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }
}
