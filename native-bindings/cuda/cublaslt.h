// What of cuBLASLt we bind, written from its documented interface, since no package that is at hand has its header. Handles, descriptors and
// layouts are opaque; an algorithm is eight words that only the library reads. Streams are the driver's.
#include <stddef.h>
#include <stdint.h>

enum {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_NOT_SUPPORTED = 15,

    CUDA_R_32F = 0,
    CUDA_R_16BF = 14,
    CUBLAS_COMPUTE_32F = 68,
    CUBLAS_OP_N = 0,
    CUBLAS_OP_T = 1,

    CUBLASLT_MATMUL_DESC_TRANSA = 3,
    CUBLASLT_MATMUL_DESC_TRANSB = 4,
    CUBLASLT_MATMUL_DESC_EPILOGUE = 7,
    CUBLASLT_MATMUL_DESC_BIAS_POINTER = 8,
    CUBLASLT_EPILOGUE_BIAS = 4,

    CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1,
    CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK = 3,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8,
    CUBLASLT_REDUCTION_SCHEME_NONE = 0
};

struct LtAlgorithm {
    uint64_t words[8];
};

struct LtHeuristicResult {
    struct LtAlgorithm algorithm;
    size_t workspaceBytes;
    int state;
    float waves;
    int reserved[4];
};

size_t cublasLtGetVersion(void);
const char *cublasLtGetStatusName(int status);
const char *cublasLtGetStatusString(int status);
int cublasLtCreate(void **handle);
int cublasLtDestroy(void *handle);
int cublasLtMatmulDescCreate(void **descriptor, int computeType, int scaleType);
int cublasLtMatmulDescSetAttribute(void *descriptor, int attribute, const void *value, size_t bytes);
int cublasLtMatmulDescDestroy(void *descriptor);
int cublasLtMatrixLayoutCreate(void **layout, int type, uint64_t rows, uint64_t columns, int64_t leadingDimension);
int cublasLtMatrixLayoutDestroy(void *layout);
int cublasLtMatmulPreferenceCreate(void **preference);
int cublasLtMatmulPreferenceSetAttribute(void *preference, int attribute, const void *value, size_t bytes);
int cublasLtMatmulPreferenceDestroy(void *preference);
int cublasLtMatmulAlgoGetHeuristic(void *handle, void *descriptor, void *a, void *b, void *c, void *d, void *preference,
                                   int wanted, struct LtHeuristicResult *results, int *found);
int cublasLtMatmulAlgoCheck(void *handle, void *descriptor, void *a, void *b, void *c, void *d,
                            const struct LtAlgorithm *algorithm, struct LtHeuristicResult *result);
int cublasLtMatmul(void *handle, void *descriptor, const void *alpha, const void *aData, void *a, const void *bData, void *b,
                   const void *beta, const void *cData, void *c, void *dData, void *d, const struct LtAlgorithm *algorithm,
                   void *workspace, size_t workspaceBytes, void *stream);
