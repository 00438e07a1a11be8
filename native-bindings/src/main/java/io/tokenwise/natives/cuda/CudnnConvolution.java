package io.tokenwise.natives.cuda;

import io.tokenwise.natives.generated.cudnn.CudnnApi;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * A convolution of one shape by cuDNN, in full float32: engines that cut numbers to TF32, transform them (Winograd, FFT) or add in no fixed order
 * are not taken. Which engine it is depends on the number of rows. Threads may share it.
 */
public final class CudnnConvolution extends Handle {
    private static final int ALIGNMENT = 16;
    private static final int CANDIDATES = 16;
    private static final int MOST_NOTES = 32;
    private static final long X = 1;
    private static final long W = 2;
    private static final long Y = 3;

    private final Cudnn library;
    private final ConvolutionSpec spec;
    private final Arena owner;
    private final CudnnDescriptor plan;
    private final long workspaceBytes;

    private CudnnConvolution(Cudnn library, ConvolutionSpec spec, Arena owner, CudnnDescriptor plan) {
        super(library.cuda, plan.handle);
        this.library = library;
        this.spec = spec;
        this.owner = owner;
        this.plan = plan;
        this.workspaceBytes = plan.askLong(CudnnApi.CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE());
    }

    /** The library is held by the caller, and the context is current. */
    static CudnnConvolution create(Cudnn library, ConvolutionSpec spec, long mostWorkspace) {
        Arena owner = Arena.ofShared();
        try (Arena arena = Arena.ofConfined()) {
            CudnnDescriptor graph = new CudnnDescriptor(
                            arena, CudnnApi.CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR(), "the graph")
                    .descriptor(CudnnApi.CUDNN_ATTR_OPERATIONGRAPH_OPS(), operation(arena, spec))
                    .pointers(
                            CudnnApi.CUDNN_ATTR_OPERATIONGRAPH_HANDLE(),
                            CudnnApi.CUDNN_TYPE_HANDLE(),
                            library.handle.address())
                    .finish();
            CudnnDescriptor plan = plan(owner, arena, library, spec, graph, mostWorkspace);
            return new CudnnConvolution(library, spec, owner, plan);
        } catch (Throwable e) {
            owner.close();
            throw e;
        }
    }

    /** Describes it; this needs no device. Our rows are the last dimension of an image that is one pixel high. */
    static CudnnDescriptor operation(Arena owner, ConvolutionSpec spec) {
        CudnnDescriptor convolution = new CudnnDescriptor(
                        owner, CudnnApi.CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR(), "the convolution")
                .constant(
                        CudnnApi.CUDNN_ATTR_CONVOLUTION_COMP_TYPE(),
                        CudnnApi.CUDNN_TYPE_DATA_TYPE(),
                        CudnnApi.CUDNN_DATA_FLOAT())
                .constant(
                        CudnnApi.CUDNN_ATTR_CONVOLUTION_CONV_MODE(),
                        CudnnApi.CUDNN_TYPE_CONVOLUTION_MODE(),
                        CudnnApi.CUDNN_CROSS_CORRELATION())
                .longs(CudnnApi.CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS(), 2)
                .longs(CudnnApi.CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS(), 0, spec.padding())
                .longs(CudnnApi.CUDNN_ATTR_CONVOLUTION_POST_PADDINGS(), 0, spec.padding())
                .longs(CudnnApi.CUDNN_ATTR_CONVOLUTION_DILATIONS(), 1, 1)
                .longs(CudnnApi.CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES(), 1, spec.stride())
                .finish();
        return new CudnnDescriptor(
                        owner, CudnnApi.CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR(), "the operation")
                .descriptor(
                        CudnnApi.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X(),
                        tensor(owner, X, 1, spec.channels(), spec.rows()))
                .descriptor(
                        CudnnApi.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W(),
                        tensor(owner, W, spec.outputs(), spec.channels(), spec.kernel()))
                .descriptor(
                        CudnnApi.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y(),
                        tensor(owner, Y, 1, spec.outputs(), spec.outputRows()))
                .descriptor(CudnnApi.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC(), convolution)
                .real(CudnnApi.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA(), 1)
                .real(CudnnApi.CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA(), 0)
                .finish();
    }

    /** A tensor {@code [count, rows, channels]}, which cuDNN wants told as count, channels, height 1, rows, with strides. */
    private static CudnnDescriptor tensor(Arena owner, long id, long count, long channels, long rows) {
        return new CudnnDescriptor(owner, CudnnApi.CUDNN_BACKEND_TENSOR_DESCRIPTOR(), "tensor " + id)
                .constant(
                        CudnnApi.CUDNN_ATTR_TENSOR_DATA_TYPE(),
                        CudnnApi.CUDNN_TYPE_DATA_TYPE(),
                        CudnnApi.CUDNN_DATA_FLOAT())
                .longs(CudnnApi.CUDNN_ATTR_TENSOR_DIMENSIONS(), count, channels, 1, rows)
                .longs(CudnnApi.CUDNN_ATTR_TENSOR_STRIDES(), rows * channels, 1, rows * channels, channels)
                .longs(CudnnApi.CUDNN_ATTR_TENSOR_UNIQUE_ID(), id)
                .longs(CudnnApi.CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT(), ALIGNMENT)
                .finish();
    }

    /** The best that keeps to float32 and a fixed order. */
    private static CudnnDescriptor plan(
            Arena owner, Arena arena, Cudnn library, ConvolutionSpec spec, CudnnDescriptor graph, long mostWorkspace) {
        CudnnDescriptor heuristic = new CudnnDescriptor(
                        arena, CudnnApi.CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR(), "the heuristic")
                .descriptor(CudnnApi.CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH(), graph)
                .constant(
                        CudnnApi.CUDNN_ATTR_ENGINEHEUR_MODE(),
                        CudnnApi.CUDNN_TYPE_HEUR_MODE(),
                        CudnnApi.CUDNN_HEUR_MODE_A())
                .finish();
        var configurations = new CudnnDescriptor[CANDIDATES];
        Arrays.setAll(
                configurations,
                i -> new CudnnDescriptor(arena, CudnnApi.CUDNN_BACKEND_ENGINECFG_DESCRIPTOR(), "a configuration"));
        int found = heuristic.askDescriptors(CudnnApi.CUDNN_ATTR_ENGINEHEUR_RESULTS(), configurations);
        for (CudnnDescriptor configuration : Arrays.asList(configurations).subList(0, found)) {
            if (isExact(arena, configuration)) {
                CudnnDescriptor plan = new CudnnDescriptor(
                                owner, CudnnApi.CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR(), "the plan")
                        .pointers(
                                CudnnApi.CUDNN_ATTR_EXECUTION_PLAN_HANDLE(),
                                CudnnApi.CUDNN_TYPE_HANDLE(),
                                library.handle.address())
                        .descriptor(CudnnApi.CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG(), configuration);
                if (plan.canFinish()
                        && plan.askLong(CudnnApi.CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE()) <= mostWorkspace) {
                    return plan;
                }
            }
        }
        throw new UnsupportedOperationException(
                "cuDNN: %s: none of %d engines keeps to float32 with %d bytes of workspace"
                        .formatted(spec, found, mostWorkspace));
    }

    private static boolean isExact(Arena arena, CudnnDescriptor configuration) {
        var engine = new CudnnDescriptor(arena, CudnnApi.CUDNN_BACKEND_ENGINE_DESCRIPTOR(), "the engine");
        configuration.askDescriptors(CudnnApi.CUDNN_ATTR_ENGINECFG_ENGINE(), engine);
        int[] notes = engine.askConstants(
                CudnnApi.CUDNN_ATTR_ENGINE_NUMERICAL_NOTE(), CudnnApi.CUDNN_TYPE_NUMERICAL_NOTE(), MOST_NOTES);
        return Arrays.stream(notes).allMatch(note -> note == CudnnApi.CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP());
    }

    public ConvolutionSpec spec() {
        return spec;
    }

    /** How much workspace a run must be given. */
    public long workspaceBytes() {
        return workspaceBytes;
    }

    /** Queues it. Addresses are multiples of 16; the workspace is ignored if none is needed, and no other stream may use it meanwhile. */
    public void run(CuStream stream, long x, long w, long y, long workspace) {
        check("x", x, spec.xBytes());
        check("w", w, spec.wBytes());
        check("y", y, spec.yBytes());
        if (workspaceBytes > 0) {
            check("workspace", workspace, workspaceBytes);
        }
        hold(stream.cuda);
        try (Arena arena = Arena.ofConfined()) {
            CudnnDescriptor pack = new CudnnDescriptor(
                            arena, CudnnApi.CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR(), "the variant pack")
                    .longs(CudnnApi.CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS(), X, W, Y)
                    .pointers(CudnnApi.CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS(), CudnnApi.CUDNN_TYPE_VOID_PTR(), x, w, y)
                    .pointers(
                            CudnnApi.CUDNN_ATTR_VARIANT_PACK_WORKSPACE(),
                            CudnnApi.CUDNN_TYPE_VOID_PTR(),
                            workspaceBytes == 0 ? 0 : workspace)
                    .finish();
            library.execute(stream, plan, pack, spec);
        } finally {
            leave();
        }
    }

    private void check(String name, long address, long bytes) {
        if (address % ALIGNMENT != 0) {
            throw new IllegalArgumentException(
                    "%s: %s at 0x%x is no multiple of %d".formatted(spec, name, address, ALIGNMENT));
        }
        cuda.allocations.check(name, address, bytes);
    }

    @Override
    int destroy() {
        owner.close();
        return CudnnApi.CUDNN_STATUS_SUCCESS();
    }

    @Override
    public String toString() {
        return "the " + spec;
    }
}
