// A stub of cuBLASLt for tests of the bindings: multiplies by plain loops as its descriptors say, by columns, in host memory. It shows whether
// we describe our products rightly, and nothing about NVIDIA's library. Its first two algorithms are ones that we must not take.
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {
struct Descriptor { int transA = 0, transB = 0, epilogue = 1; const float *bias = nullptr; };
struct Layout { int type; uint64_t rows, columns; int64_t leading; };
struct Preference { uint64_t workspace = 0; uint32_t reduction = 99, alignment[4] = {256, 256, 256, 256}; };
struct Algorithm { uint64_t words[8]; };
struct Result { Algorithm algorithm; size_t workspace; int state; float waves; int reserved[4]; };
int live = 0;

float element(const void *data, const Layout *layout, bool transposed, uint64_t row, uint64_t column) {
    if (transposed) { auto swap = row; row = column; column = swap; }
    if (row >= layout->rows || column >= layout->columns || layout->leading < (int64_t)layout->rows) std::abort();
    auto index = row + column * layout->leading;
    if (layout->type == 0) return static_cast<const float *>(data)[index];
    uint32_t bits = static_cast<const uint16_t *>(data)[index] << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}
} // namespace

extern "C" {
int stubLtLive() { return live; }

size_t cublasLtGetVersion() { return 120405; }
const char *cublasLtGetStatusName(int status) { return status == 15 ? "CUBLAS_STATUS_NOT_SUPPORTED" : "CUBLAS_STATUS_OF_STUB"; }
const char *cublasLtGetStatusString(int) { return "what the stub says"; }
int cublasLtCreate(void **out) { live++; *out = std::malloc(1); return std::getenv("STUB_CUBLASLT_FAILS") ? 1 : 0; }
int cublasLtDestroy(void *handle) { live--; std::free(handle); return 0; }
int cublasLtMatmulDescCreate(Descriptor **out, int compute, int scale) {
    if (compute != 68 || scale != 0) return 7;
    live++;
    *out = new Descriptor;
    return 0;
}
int cublasLtMatmulDescSetAttribute(Descriptor *descriptor, int attribute, const void *value, size_t bytes) {
    void *to = attribute == 3 ? (void *)&descriptor->transA : attribute == 4 ? (void *)&descriptor->transB
        : attribute == 7 ? (void *)&descriptor->epilogue : attribute == 8 ? (void *)&descriptor->bias : nullptr;
    if (!to || bytes != (attribute == 8 ? 8u : 4u)) return 7;
    std::memcpy(to, value, bytes);
    return 0;
}
int cublasLtMatmulDescDestroy(Descriptor *descriptor) { live--; delete descriptor; return 0; }
int cublasLtMatrixLayoutCreate(Layout **out, int type, uint64_t rows, uint64_t columns, int64_t leading) {
    live++;
    *out = new Layout{type, rows, columns, leading};
    return 0;
}
int cublasLtMatrixLayoutDestroy(Layout *layout) { live--; delete layout; return 0; }
int cublasLtMatmulPreferenceCreate(Preference **out) { live++; *out = new Preference; return 0; }
int cublasLtMatmulPreferenceSetAttribute(Preference *preference, int attribute, const void *value, size_t bytes) {
    void *to = attribute == 1 ? (void *)&preference->workspace : attribute == 3 ? (void *)&preference->reduction
        : attribute >= 5 && attribute <= 8 ? (void *)&preference->alignment[attribute - 5] : nullptr;
    if (!to || bytes != (attribute == 1 ? 8u : 4u)) return 7;
    std::memcpy(to, value, bytes);
    return 0;
}
int cublasLtMatmulPreferenceDestroy(Preference *preference) { live--; delete preference; return 0; }
int cublasLtMatmulAlgoGetHeuristic(void *, Descriptor *, Layout *, Layout *, Layout *, Layout *, Preference *preference, int wanted,
                                   Result *results, int *found) {
    *found = 0;
    if (preference->reduction != 0) return 7;
    for (auto alignment : preference->alignment) if (alignment != 16) return 7;
    for (int i = 0; i < wanted && i < 3; i++) {
        results[i] = {{{1000u + i}}, 512, i == 0 ? 15 : 0, 1, {}};
        (*found)++;
    }
    return 0;
}
// Algorithm 1001 takes many rows only; 1002 needs more workspace the more rows there are, and does not serve for 1,013.
int cublasLtMatmulAlgoCheck(void *, Descriptor *, Layout *, Layout *b, Layout *, Layout *d, const Algorithm *algorithm, Result *result) {
    (void)b;
    if (algorithm->words[0] == 1001 && d->columns < 16) return 15;
    if (d->columns == 1013) return 15;
    *result = {*algorithm, d->columns > 16 ? 1024u : 512u, 0, 1, {}};
    return 0;
}
int cublasLtMatmul(void *, Descriptor *descriptor, const float *alpha, const void *a, Layout *la, const void *b, Layout *lb, const float *beta,
                   const float *c, Layout *lc, float *d, Layout *ld, const Algorithm *algorithm, void *workspace, size_t bytes, void *stream) {
    if (algorithm->words[0] != 1002 || bytes != 1024 || !workspace || !stream || c != d || lc != ld || ld->type != 0) return 7;
    auto depth = descriptor->transA ? la->rows : la->columns;
    for (uint64_t column = 0; column < ld->columns; column++)
        for (uint64_t row = 0; row < ld->rows; row++) {
            float sum = 0;
            for (uint64_t k = 0; k < depth; k++)
                sum += element(a, la, descriptor->transA, row, k) * element(b, lb, descriptor->transB, k, column);
            auto &out = d[row + column * ld->leading];
            out = *alpha * sum + (*beta == 0 ? 0 : *beta * out) + (descriptor->epilogue == 4 ? descriptor->bias[row] : 0);
        }
    return 0;
}
}
