package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** A kernel of a {@link CuModule}. Threads may share it. */
public final class CuFunction {
    /** What each device grants without being asked: 48 KB, with what the kernel declares itself. */
    private static final int SHARED_BYTES = 48 << 10;

    /** More than any kernel has: parameters take 4 KB at most. */
    private static final int MOST_PARAMETERS = 1024;

    final CuModule module;
    final MemorySegment handle;

    /** What a launch is called in errors. */
    final String launch;

    private final String name;
    private final int registers;
    private final int staticSharedBytes;
    private final int localBytes;
    private final int maxThreads;
    private final int[] parameters;
    private volatile int maxDynamicShared;

    /** The module is in use by the caller. */
    CuFunction(CuModule module, MemorySegment handle, String name) {
        this.module = module;
        this.handle = handle;
        this.name = name;
        this.launch = "launch of " + name;
        this.registers = attribute(DriverApi.CU_FUNC_ATTRIBUTE_NUM_REGS());
        this.staticSharedBytes = attribute(DriverApi.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES());
        this.localBytes = attribute(DriverApi.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES());
        this.maxThreads = attribute(DriverApi.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK());
        this.parameters = DriverLibrary.tellsParameters() ? parameters() : null;
        this.maxDynamicShared = SHARED_BYTES - staticSharedBytes;
    }

    public String name() {
        return name;
    }

    /** For each thread. */
    public int registers() {
        return registers;
    }

    /** For each block, what the kernel declares itself. */
    public int staticSharedBytes() {
        return staticSharedBytes;
    }

    /** For each thread, in device memory: what did not fit into registers, and arrays. */
    public int localBytes() {
        return localBytes;
    }

    /** The most threads that a block may have. */
    public int maxThreads() {
        return maxThreads;
    }

    /** How much dynamic shared memory a launch may ask for; see {@link #setMaxDynamicShared}. */
    public int maxDynamicShared() {
        return maxDynamicShared;
    }

    /** Lets launches ask for more shared memory than the 48 KB that are granted without. */
    public void setMaxDynamicShared(int bytes) {
        int most = module.cuda.device().sharedBytesPerBlock() - staticSharedBytes;
        if (bytes < 0 || bytes > most) {
            throw new IllegalArgumentException(name + ": " + bytes + " bytes of dynamic shared memory; "
                    + module.cuda.device().name() + " has " + most + " for it");
        }
        module.enter();
        try {
            module.cuda.check(
                    DriverApi.cuFuncSetAttribute(
                            handle, DriverApi.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES(), bytes),
                    "cuFuncSetAttribute(" + name + ")");
            maxDynamicShared = bytes;
        } finally {
            module.leave();
        }
    }

    /** How many blocks a multiprocessor runs at once. */
    public int blocksPerMultiprocessor(int threads, int sharedBytes) {
        module.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocks = arena.allocate(JAVA_INT);
            module.cuda.check(
                    DriverApi.cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, handle, threads, sharedBytes),
                    "cuOccupancyMaxActiveBlocksPerMultiprocessor(" + name + ")");
            return blocks.get(JAVA_INT, 0);
        } finally {
            module.leave();
        }
    }

    /** Refuses a launch that the driver would refuse, or that would read beyond what was given to it. */
    void check(int gridX, int gridY, int gridZ, int blockX, int sharedBytes, Arguments arguments) {
        if (gridX < 1 || gridY < 1 || gridZ < 1 || gridY > 65535 || gridZ > 65535) {
            throw new IllegalArgumentException(name + ": the grid is " + gridX + " x " + gridY + " x " + gridZ
                    + "; each is 1 at least, the last two 65535 at most");
        }
        if (blockX < 1 || blockX > maxThreads) {
            throw new IllegalArgumentException(name + ": " + blockX + " threads a block; it takes 1 to " + maxThreads);
        }
        if (sharedBytes < 0 || sharedBytes > maxDynamicShared) {
            throw new IllegalArgumentException(
                    name + ": " + sharedBytes + " bytes of dynamic shared memory; it was set to " + maxDynamicShared);
        }
        if (parameters != null && !fits(arguments)) {
            throw new IllegalArgumentException(name + ": its parameters have " + Arrays.toString(parameters)
                    + " bytes, but the arguments " + sizes(arguments));
        }
    }

    private boolean fits(Arguments arguments) {
        if (arguments.count() != parameters.length) {
            return false;
        }
        for (int i = 0; i < parameters.length; i++) {
            if (arguments.size(i) != parameters[i]) {
                return false;
            }
        }
        return true;
    }

    private static String sizes(Arguments arguments) {
        var sizes = new int[arguments.count()];
        Arrays.setAll(sizes, arguments::size);
        return Arrays.toString(sizes);
    }

    private int attribute(int which) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            module.cuda.check(DriverApi.cuFuncGetAttribute(out, which, handle), "cuFuncGetAttribute(" + name + ")");
            return out.get(JAVA_INT, 0);
        }
    }

    /** The driver tells the size of each, and refuses the first that is not there. */
    private int[] parameters() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment offset = arena.allocate(JAVA_LONG);
            MemorySegment size = arena.allocate(JAVA_LONG);
            var sizes = new int[MOST_PARAMETERS];
            int count = 0;
            while (count < MOST_PARAMETERS) {
                int code = DriverApi.cuFuncGetParamInfo(handle, count, offset, size);
                if (code == DriverApi.CUDA_ERROR_INVALID_VALUE()) {
                    break;
                }
                module.cuda.check(code, "cuFuncGetParamInfo(" + name + ")");
                sizes[count++] = (int) size.get(JAVA_LONG, 0);
            }
            return Arrays.copyOf(sizes, count);
        }
    }

    @Override
    public String toString() {
        return "the kernel " + name;
    }
}
