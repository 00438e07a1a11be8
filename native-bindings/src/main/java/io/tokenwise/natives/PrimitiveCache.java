package io.tokenwise.natives;

import io.tokenwise.natives.generated.onednn.Dnnl;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * oneDNN's own cache of compiled primitives, one for the process. It keeps up to 1,024 that nobody uses any more, in case somebody creates an equal one:
 * after a model's engine is closed that is all its kernels, of 100 KB and more each.
 */
final class PrimitiveCache {
    private PrimitiveCache() {}

    /** Destroys what nobody uses. What others have they keep; what they compile meanwhile is not cached. */
    static synchronized void empty() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capacity = arena.allocate(ValueLayout.JAVA_INT);
            OneDnnException.check(
                    Dnnl.dnnl_get_primitive_cache_capacity(capacity), "dnnl_get_primitive_cache_capacity", "capacity");
            try {
                set(0);
            } finally {
                set(capacity.get(ValueLayout.JAVA_INT, 0));
            }
        }
    }

    private static void set(int capacity) {
        OneDnnException.check(
                Dnnl.dnnl_set_primitive_cache_capacity(capacity), "dnnl_set_primitive_cache_capacity", capacity);
    }
}
