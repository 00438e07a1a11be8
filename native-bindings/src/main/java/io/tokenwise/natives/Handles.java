package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tokenwise.natives.generated.onednn.Dnnl;
import io.tokenwise.natives.generated.onednn.dnnl_exec_arg_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/** Creates oneDNN's objects; each is destroyed, last first, with the arena that it is made in. {@code about} is named in errors. */
final class Handles {
    private Handles() {}

    static MemorySegment engine(Arena owner) {
        return create(
                owner,
                "dnnl_engine_create",
                "cpu",
                Dnnl::dnnl_engine_destroy,
                out -> Dnnl.dnnl_engine_create(out, Dnnl.dnnl_cpu(), 0));
    }

    static MemorySegment stream(Arena owner, MemorySegment engine) {
        return create(
                owner,
                "dnnl_stream_create",
                "cpu",
                Dnnl::dnnl_stream_destroy,
                out -> Dnnl.dnnl_stream_create(out, engine, Dnnl.dnnl_stream_in_order()));
    }

    /** Describes a matrix {@code [rows, columns]} whose rows, and whose columns, are so many elements apart. */
    static MemorySegment strided(
            Arena owner, Object about, long rows, long columns, DataType type, long rowStride, long columnStride) {
        MemorySegment dimensions = owner.allocateFrom(JAVA_LONG, rows, columns);
        MemorySegment strides = owner.allocateFrom(JAVA_LONG, rowStride, columnStride);
        return create(
                owner,
                "dnnl_memory_desc_create_with_strides",
                about,
                Dnnl::dnnl_memory_desc_destroy,
                out -> Dnnl.dnnl_memory_desc_create_with_strides(out, 2, dimensions, type.code, strides));
    }

    /** Describes a dense matrix {@code [rows, columns]}. */
    static MemorySegment matrix(Arena owner, Object about, long rows, long columns, DataType type, int tag) {
        MemorySegment dimensions = owner.allocateFrom(JAVA_LONG, rows, columns);
        return create(
                owner,
                "dnnl_memory_desc_create_with_tag",
                about,
                Dnnl::dnnl_memory_desc_destroy,
                out -> Dnnl.dnnl_memory_desc_create_with_tag(out, 2, dimensions, type.code, tag));
    }

    static MemorySegment copyOfMatrix(Arena owner, Object about, MemorySegment matrix) {
        return create(
                owner,
                "dnnl_memory_desc_clone",
                about,
                Dnnl::dnnl_memory_desc_destroy,
                out -> Dnnl.dnnl_memory_desc_clone(out, matrix));
    }

    /** A description with its data; the data must outlive it. */
    static MemorySegment memory(
            Arena owner, Object about, MemorySegment engine, MemorySegment matrix, MemorySegment data) {
        return create(
                owner,
                "dnnl_memory_create",
                about,
                Dnnl::dnnl_memory_destroy,
                out -> Dnnl.dnnl_memory_create(out, matrix, engine, data));
    }

    /** A product's attributes: scratch is the caller's, and perhaps C is added to. */
    static MemorySegment attributes(Arena owner, ProductSpec spec, boolean adds) {
        MemorySegment attributes = create(
                owner,
                "dnnl_primitive_attr_create",
                spec,
                Dnnl::dnnl_primitive_attr_destroy,
                Dnnl::dnnl_primitive_attr_create);
        OneDnnException.check(
                Dnnl.dnnl_primitive_attr_set_scratchpad_mode(attributes, Dnnl.dnnl_scratchpad_mode_user()),
                "dnnl_primitive_attr_set_scratchpad_mode",
                spec);
        if (adds) {
            MemorySegment sum = create(
                    owner, "dnnl_post_ops_create", spec, Dnnl::dnnl_post_ops_destroy, Dnnl::dnnl_post_ops_create);
            OneDnnException.check(
                    Dnnl.dnnl_post_ops_append_sum(sum, 1, 0, Dnnl.dnnl_data_type_undef()),
                    "dnnl_post_ops_append_sum",
                    spec);
            OneDnnException.check(
                    Dnnl.dnnl_primitive_attr_set_post_ops(attributes, sum), "dnnl_primitive_attr_set_post_ops", spec);
        }
        return attributes;
    }

    /** Chooses an implementation for A {@code [rows, k]} and B as described. */
    static MemorySegment productFor(
            Arena owner, ProductSpec spec, MemorySegment engine, int rows, boolean adds, MemorySegment b) {
        String about = spec + ", " + rows + " rows";
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = spec.transposedA()
                    ? matrix(arena, about, rows, spec.k(), spec.a(), Dnnl.dnnl_ba())
                    : strided(arena, about, rows, spec.k(), spec.a(), spec.aStride(), 1);
            MemorySegment c = strided(arena, about, rows, spec.n(), spec.c(), spec.cStride(), 1);
            MemorySegment attributes = attributes(arena, spec, adds);
            return create(
                    owner,
                    "dnnl_matmul_primitive_desc_create",
                    about,
                    Dnnl::dnnl_primitive_desc_destroy,
                    out -> Dnnl.dnnl_matmul_primitive_desc_create(
                            out, engine, a, b, MemorySegment.NULL, c, attributes));
        }
    }

    /** A change of layout. */
    static MemorySegment reorderFor(
            Arena owner, Object about, MemorySegment engine, MemorySegment from, MemorySegment to) {
        return create(
                owner,
                "dnnl_reorder_primitive_desc_create",
                about,
                Dnnl::dnnl_primitive_desc_destroy,
                out -> Dnnl.dnnl_reorder_primitive_desc_create(out, from, engine, to, engine, MemorySegment.NULL));
    }

    static MemorySegment primitive(Arena owner, Object about, MemorySegment chosen) {
        return create(
                owner,
                "dnnl_primitive_create",
                about,
                Dnnl::dnnl_primitive_destroy,
                out -> Dnnl.dnnl_primitive_create(out, chosen));
    }

    /** Sets one of an execution's arguments. */
    static void argument(MemorySegment arguments, int index, int which, MemorySegment memory) {
        MemorySegment argument = dnnl_exec_arg_t.asSlice(arguments, index);
        dnnl_exec_arg_t.arg(argument, which);
        dnnl_exec_arg_t.memory(argument, memory);
    }

    private static MemorySegment create(
            Arena owner,
            String call,
            Object about,
            Consumer<MemorySegment> destroy,
            ToIntFunction<MemorySegment> create) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            OneDnnException.check(create.applyAsInt(out), call, about);
            return out.get(ADDRESS, 0).reinterpret(owner, destroy);
        }
    }
}
