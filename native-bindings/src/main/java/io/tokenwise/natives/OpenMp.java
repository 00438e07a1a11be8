package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The calling thread's number of OpenMP threads, which oneDNN obeys. We parallelise in Java, so it is one on each thread that calls
 * oneDNN. It is set for each thread, not by OMP_NUM_THREADS, because another library may have started the same OpenMP before.
 */
final class OpenMp {
    private static final Linker LINKER = Linker.nativeLinker();

    private final MethodHandle set;
    private final MethodHandle get;

    /** A library built without OpenMP has neither symbol; then nothing is to be done. */
    OpenMp(SymbolLookup library) {
        set = library.find("omp_set_num_threads")
                .map(symbol -> LINKER.downcallHandle(symbol, FunctionDescriptor.ofVoid(JAVA_INT)))
                .orElse(null);
        get = library.find("omp_get_max_threads")
                .map(symbol -> LINKER.downcallHandle(symbol, FunctionDescriptor.of(JAVA_INT)))
                .orElse(null);
    }

    /** Sets the calling thread's number of threads and returns what it was. */
    int setThreads(int threads) {
        if (set == null || get == null) {
            return 1;
        }
        try {
            int before = (int) get.invokeExact();
            set.invokeExact(threads);
            return before;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
