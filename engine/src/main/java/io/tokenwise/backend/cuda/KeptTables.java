package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.CuStream;
import io.tokenwise.natives.cuda.Cuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Arrays that stay as they are for as long as a model lives, such as an {@link io.tokenwise.backend.AttentionLayout}'s: each goes to the device once. They are told
 * apart by identity and must not be changed afterwards. Of more than {@value #MOST} those are forgotten that were not used for the longest time. For one
 * stream.
 */
final class KeptTables {
    /** A layer has up to ten: this is enough for two models of 12 layers on one stream. */
    static final int MOST = 256;

    private final Cuda cuda;
    private final CuStream stream;
    private final Runnable await;
    private final Map<Object, Kept> tables = new IdentityHashMap<>();
    private long clock;

    /** @param await waits for the launches that may read a table */
    KeptTables(Cuda cuda, CuStream stream, Runnable await) {
        this.cuda = cuda;
        this.stream = stream;
        this.await = await;
    }

    private static final class Kept {
        final long address;
        long used;

        Kept(long address) {
            this.address = address;
        }
    }

    /** Where these lie on the device. */
    long ints(int[] table) {
        Kept kept = tables.get(table);
        return use(kept != null ? kept : keep(table, MemorySegment.ofArray(table)));
    }

    /** Where these lie on the device. */
    long floats(float[] table) {
        Kept kept = tables.get(table);
        return use(kept != null ? kept : keep(table, MemorySegment.ofArray(table)));
    }

    private long use(Kept kept) {
        kept.used = ++clock;
        return kept.address;
    }

    private Kept keep(Object table, MemorySegment values) {
        if (tables.size() == MOST) {
            forgetOldest();
        }
        long bytes = values.byteSize();
        var kept = new Kept(DeviceMemory.allocate(cuda, Math.max(bytes, Integer.BYTES)));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source =
                    arena.allocate(bytes, ValueLayout.JAVA_INT.byteAlignment()).copyFrom(values);
            stream.copyToDevice(kept.address, source, bytes);
        } catch (RuntimeException e) {
            DeviceMemory.free(cuda, kept.address);
            throw e;
        }
        tables.put(table, kept);
        return kept;
    }

    private void forgetOldest() {
        Object oldest = null;
        for (var entry : tables.entrySet()) {
            if (oldest == null || entry.getValue().used < tables.get(oldest).used) {
                oldest = entry.getKey();
            }
        }
        // A launch that reads it may not have run yet.
        await.run();
        DeviceMemory.free(cuda, tables.remove(oldest).address);
    }
}
