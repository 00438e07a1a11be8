package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.tokenwise.natives.generated.onednn.Dnnl;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A compiled primitive: one product for one number of rows, overwriting C or adding to it. It lives in a slot of {@link KernelCache} until another takes it. */
final class Kernel {
    final Product product;
    final int rows;
    final boolean adds;
    final int slot;
    final long scratchBytes;

    /** What the primitive's operands look like. */
    final MemorySegment a;

    final MemorySegment c;
    final MemorySegment scratch;

    /** What oneDNN calls the implementation that it chose. */
    final String implementation;

    /** In the global scope, so that running it needs no reference count that threads would share. */
    final MemorySegment primitive;

    private final Arena owner = Arena.ofShared();

    /** Set before the primitive is destroyed; a binding looks at it after it has published that it runs this kernel. */
    volatile boolean closed;

    Kernel(Product product, int rows, boolean adds, int slot) {
        this.product = product;
        this.rows = rows;
        this.adds = adds;
        this.slot = slot;
        // The description is as large as the primitive, which keeps a copy of its own.
        try (Arena arena = Arena.ofConfined()) {
            ProductSpec spec = product.spec();
            MemorySegment chosen = Handles.productFor(arena, spec, product.oneDnn.engine, rows, adds, product.layout);
            primitive = MemorySegment.ofAddress(
                    Handles.primitive(owner, spec, chosen).address());
            a = matrix(chosen, Dnnl.dnnl_query_src_md());
            c = matrix(chosen, Dnnl.dnnl_query_dst_md());
            scratch = matrix(chosen, Dnnl.dnnl_query_scratchpad_md());
            scratchBytes = Dnnl.dnnl_memory_desc_get_size(scratch);
            implementation = implementation(chosen);
        } catch (Throwable e) {
            owner.close();
            throw e;
        }
    }

    private MemorySegment matrix(MemorySegment chosen, int query) {
        return Handles.copyOfMatrix(owner, product, Dnnl.dnnl_primitive_desc_query_md(chosen, query, 0));
    }

    private String implementation(MemorySegment chosen) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            OneDnnException.check(
                    Dnnl.dnnl_primitive_desc_query(chosen, Dnnl.dnnl_query_impl_info_str(), 0, out),
                    "dnnl_primitive_desc_query",
                    product);
            return out.get(ADDRESS, 0).reinterpret(Integer.MAX_VALUE).getString(0);
        }
    }

    /** Destroys the primitive; nobody may run it any more. */
    void destroy() {
        owner.close();
    }
}
