package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tokenwise.natives.generated.cublaslt.CublasLtApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * How cuBLASLt is told about one product: it knows matrices by columns, so our rows are its columns, and {@code y = x w} becomes
 * {@code yT = wT xT}: its A is our w, its B our x. Nothing here needs a device.
 */
final class LtDescriptors {
    /** What every address that we give is a multiple of. */
    static final int ALIGNMENT = 16;

    /** As cuBLASLt asks for its workspace. */
    static final int WORKSPACE_ALIGNMENT = 256;

    final MemorySegment product;
    final MemorySegment a;
    final MemorySegment b;
    final MemorySegment d;

    /** All are destroyed with the arena. A product without bias takes any address for it. */
    LtDescriptors(Arena owner, LtSpec spec, long rows, long bias) {
        product = make(
                owner,
                "cublasLtMatmulDescCreate",
                CublasLtApi::cublasLtMatmulDescDestroy,
                out -> CublasLtApi.cublasLtMatmulDescCreate(
                        out, CublasLtApi.CUBLAS_COMPUTE_32F(), CublasLtApi.CUDA_R_32F()));
        set(CublasLtApi.CUBLASLT_MATMUL_DESC_TRANSA(), operation(spec.transposedW()));
        set(CublasLtApi.CUBLASLT_MATMUL_DESC_TRANSB(), operation(spec.transposedX()));
        if (spec.bias()) {
            set(CublasLtApi.CUBLASLT_MATMUL_DESC_EPILOGUE(), CublasLtApi.CUBLASLT_EPILOGUE_BIAS());
            setAddress(CublasLtApi.CUBLASLT_MATMUL_DESC_BIAS_POINTER(), bias);
        }
        a = layout(owner, spec.type().code, spec.n(), spec.k(), spec.transposedW(), spec.wStride());
        b = layout(owner, spec.type().code, spec.k(), rows, spec.transposedX(), spec.xStride());
        d = layout(owner, CublasLtApi.CUDA_R_32F(), spec.n(), rows, false, spec.yStride());
    }

    /** What an algorithm must keep to: the workspace, our alignment, and sums that are not split. */
    static MemorySegment preference(Arena owner, long workspaceBytes) {
        MemorySegment preference = make(
                owner,
                "cublasLtMatmulPreferenceCreate",
                CublasLtApi::cublasLtMatmulPreferenceDestroy,
                CublasLtApi::cublasLtMatmulPreferenceCreate);
        try (Arena arena = Arena.ofConfined()) {
            prefer(
                    preference,
                    CublasLtApi.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES(),
                    arena.allocateFrom(JAVA_LONG, workspaceBytes));
            prefer(
                    preference,
                    CublasLtApi.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK(),
                    arena.allocateFrom(JAVA_INT, CublasLtApi.CUBLASLT_REDUCTION_SCHEME_NONE()));
            for (int operand : new int[] {
                CublasLtApi.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES(),
                CublasLtApi.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES(),
                CublasLtApi.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES(),
                CublasLtApi.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES()
            }) {
                prefer(preference, operand, arena.allocateFrom(JAVA_INT, ALIGNMENT));
            }
        }
        return preference;
    }

    private static int operation(boolean transposed) {
        return transposed ? CublasLtApi.CUBLAS_OP_T() : CublasLtApi.CUBLAS_OP_N();
    }

    /** A matrix that is {@code [rows, columns]} by columns once the operation that goes with it is done; its columns are dense if the stride is 0. */
    private static MemorySegment layout(
            Arena owner, int type, long rows, long columns, boolean transposed, int stride) {
        long stored = transposed ? columns : rows;
        long leading = stride == 0 ? stored : stride;
        return make(
                owner,
                "cublasLtMatrixLayoutCreate",
                CublasLtApi::cublasLtMatrixLayoutDestroy,
                out -> CublasLtApi.cublasLtMatrixLayoutCreate(out, type, stored, transposed ? rows : columns, leading));
    }

    private void set(int attribute, int value) {
        try (Arena arena = Arena.ofConfined()) {
            check(
                    CublasLtApi.cublasLtMatmulDescSetAttribute(
                            product, attribute, arena.allocateFrom(JAVA_INT, value), Integer.BYTES),
                    "cublasLtMatmulDescSetAttribute");
        }
    }

    private void setAddress(int attribute, long value) {
        try (Arena arena = Arena.ofConfined()) {
            check(
                    CublasLtApi.cublasLtMatmulDescSetAttribute(
                            product, attribute, arena.allocateFrom(JAVA_LONG, value), Long.BYTES),
                    "cublasLtMatmulDescSetAttribute");
        }
    }

    private static void prefer(MemorySegment preference, int attribute, MemorySegment value) {
        check(
                CublasLtApi.cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, value.byteSize()),
                "cublasLtMatmulPreferenceSetAttribute");
    }

    private static MemorySegment make(
            Arena owner, String call, Consumer<MemorySegment> destroy, ToIntFunction<MemorySegment> create) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            check(create.applyAsInt(out), call);
            return out.get(ADDRESS, 0).reinterpret(owner, destroy);
        }
    }

    static void check(int status, String operation) {
        if (status != CublasLtApi.CUBLAS_STATUS_SUCCESS()) {
            throw new CudaException(
                    operation,
                    text(CublasLtApi.cublasLtGetStatusName(status)),
                    status,
                    text(CublasLtApi.cublasLtGetStatusString(status)));
        }
    }

    private static String text(MemorySegment text) {
        return text.reinterpret(Integer.MAX_VALUE).getString(0);
    }
}
