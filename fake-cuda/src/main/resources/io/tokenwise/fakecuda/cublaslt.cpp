// cuBLASLt's functions: products by plain loops, queued on a stream as kernels are. Its own choice of an algorithm depends on the number of rows, as the real
// one's does, and algorithms add in different orders, so that whoever leaves the choice to it, or mixes it with other products, has other bits.
#include <set>

#include "streams.h"

using namespace tokenwise;

namespace {

enum Status : int {
    OK = 0,
    NOT_READY_YET = 1,
    ALLOC_FAILED = 3,
    INVALID = 7,
    EXECUTION_FAILED = 13,
    INTERNAL_ERROR = 14,
    NOT_SUPPORTED = 15,
};

enum Code : int { REAL_32F = 0, REAL_16BF = 14, COMPUTE_32F = 68, NONE_TRANSPOSED = 0, TRANSPOSED = 1 };
enum Epilogue : int { PLAIN = 1, BIAS = 4, GELU = 32, GELU_BIAS = 36 };

/** What all its objects begin with, so that one that is none shows. */
struct Object {
    enum Kind { LIBRARY, PRODUCT, LAYOUT, PREFERENCE } kind;
};

struct Product : Object {
    int transposedA = NONE_TRANSPOSED, transposedB = NONE_TRANSPOSED, epilogue = PLAIN;
    const float* bias = nullptr;
};

/** By columns: element (row, column) lies at row + column leading. */
struct Layout : Object {
    int type;
    uint64_t rows, columns;
    int64_t leading;
};

struct Preference : Object {
    uint64_t workspace = 0;
    uint32_t reductions = ~0u;
    uint32_t alignments[4] = {256, 256, 256, 256};
};

/** Its first word says which one it is; nobody else reads it. */
struct Algorithm {
    uint64_t words[8];
};

struct Found {
    Algorithm algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

enum Which : uint64_t { SPLIT = 0x71, FOR_MANY = 0x72, FOR_FEW = 0x73 };

/** So many columns of the result, our rows, are many. */
constexpr uint64_t MANY = 512;

size_t sizeOf(int type) { return type == REAL_32F ? 4 : 2; }

std::set<Object*>& objects() {
    static auto* all = new std::set<Object*>();
    return *all;
}

bool is(const void* object, Object::Kind kind) {
    auto* each = static_cast<Object*>(const_cast<void*>(object));
    return objects().count(each) == 1 && each->kind == kind;
}

int add(Object* object, Object::Kind kind, void** out) {
    object->kind = kind;
    objects().insert(object);
    *out = object;
    return OK;
}

/** These need no device and never fail on request: what they leave would be no leak of their caller's. */
template <class T>
int destroyObject(const char* name, void* object, Object::Kind kind) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    if (!is(object, kind)) {
        return report(INVALID, "%s: no such object", name);
    }
    objects().erase(static_cast<Object*>(object));
    delete static_cast<T*>(object);
    return OK;
}

/** As call, with errors as this library numbers them. */
template <class Body>
int libraryCall(const char* name, Needs needs, Body&& body) {
    bool isOwn = false;
    int code = call(name, needs, [&] {
        isOwn = true;
        return int(body());
    });
    return isOwn || code == SUCCESS ? code
        : code == OUT_OF_MEMORY     ? int(ALLOC_FAILED)
        : code == NOT_INITIALIZED   ? int(NOT_READY_YET)
        : endsContext(code)         ? int(EXECUTION_FAILED)
                                    : int(INTERNAL_ERROR);
}

/** The sizes of an operand once it is turned as it says. */
uint64_t rowsOf(const Layout& layout, int transposed) { return transposed == TRANSPOSED ? layout.columns : layout.rows; }
uint64_t columnsOf(const Layout& layout, int transposed) { return transposed == TRANSPOSED ? layout.rows : layout.columns; }

int checkShapes(const char* name, const Product* product, const Layout* a, const Layout* b, const Layout* c, const Layout* d) {
    if (!is(product, Object::PRODUCT) || !is(a, Object::LAYOUT) || !is(b, Object::LAYOUT) || !is(c, Object::LAYOUT) || !is(d, Object::LAYOUT)) {
        return report(INVALID, "%s: a descriptor or layout is none", name);
    }
    for (const Layout* each : {a, b, c, d}) {
        if (each->rows == 0 || each->columns == 0 || each->leading < int64_t(each->rows)) {
            return report(INVALID, "%s: a layout of %lu x %lu with %ld from column to column", name, each->rows, each->columns, each->leading);
        }
    }
    bool fits = columnsOf(*a, product->transposedA) == rowsOf(*b, product->transposedB) && rowsOf(*a, product->transposedA) == d->rows &&
        columnsOf(*b, product->transposedB) == d->columns && c->rows == d->rows && c->columns == d->columns;
    if (!fits) {
        return report(INVALID, "%s: shapes that do not fit each other", name);
    }
    bool types = a->type == b->type && (a->type == REAL_32F || a->type == REAL_16BF) && c->type == REAL_32F && d->type == REAL_32F;
    return types ? int(OK) : report(NOT_SUPPORTED, "%s: types that are not simulated", name);
}

/** Bytes that a layout's columns are apart, of which algorithms want 16 at a time in bfloat16. */
bool isAligned(const Layout& layout) { return layout.type == REAL_32F || layout.leading * sizeOf(layout.type) % 16 == 0; }

float element(const void* data, const Layout& layout, int transposed, uint64_t row, uint64_t column) {
    uint64_t at = transposed == TRANSPOSED ? column + row * layout.leading : row + column * layout.leading;
    if (layout.type == REAL_32F) {
        return static_cast<const float*>(data)[at];
    }
    unsigned bits = unsigned(static_cast<const unsigned short*>(data)[at]) << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** The tanh form, which is the real one's. */
float geluByTanh(float x) { return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x))); }

/** A product as it was queued: descriptors may be gone when its turn comes. */
struct Queued {
    Product product;
    Layout a, b, c, d;
    const void *aData, *bData;
    const float* cData;
    float* dData;
    float alpha, beta;
    uint64_t which;

    Failure check(const char* operand, const void* data, size_t bytes) const {
        State& s = state();
        Failure failure{};
        if (s.device.find(data, bytes) == nullptr) {
            char near[200] = "no memory of the device";
            s.device.describe(data, near, sizeof near);
            failure.code = ILLEGAL_ADDRESS;
            snprintf(failure.text, sizeof failure.text, "cublasLtMatmul: %s, %zu bytes at %p: %s", operand, bytes, data, near);
        }
        return failure;
    }

    static size_t bytes(const Layout& layout) {
        return ((layout.columns - 1) * size_t(layout.leading) + layout.rows) * sizeOf(layout.type);
    }

    Failure checkAll() const {
        Failure failure = check("a", aData, bytes(a));
        failure = failure.code != 0 ? failure : check("b", bData, bytes(b));
        failure = failure.code != 0 || beta == 0 ? failure : check("c", cData, bytes(c));
        failure = failure.code != 0 ? failure : check("d", dData, bytes(d));
        bool adds = product.epilogue == BIAS || product.epilogue == GELU_BIAS;
        return failure.code != 0 || !adds ? failure : check("bias", product.bias, d.rows * sizeof(float));
    }

    float sum(uint64_t row, uint64_t column, uint64_t depth) const {
        float sums[2] = {0, 0};
        for (uint64_t i = 0; i < depth; i++) {
            uint64_t k = depth - 1 - i;
            sums[which == FOR_FEW ? k % 2 : 0] +=
                element(aData, a, product.transposedA, row, k) * element(bData, b, product.transposedB, k, column);
        }
        return sums[0] + sums[1];
    }

    Failure run() const {
        Failure failure = checkAll();
        if (failure.code != 0) {
            return failure;
        }
        uint64_t depth = columnsOf(a, product.transposedA);
        for (uint64_t column = 0; column < d.columns; column++) {
            for (uint64_t row = 0; row < d.rows; row++) {
                float value = alpha * sum(row, column, depth);
                value = beta == 0 ? value : value + beta * cData[row + column * c.leading];
                value = product.epilogue == BIAS || product.epilogue == GELU_BIAS ? value + product.bias[row] : value;
                dData[row + column * d.leading] = product.epilogue == GELU || product.epilogue == GELU_BIAS ? geluByTanh(value) : value;
            }
        }
        State& s = state();
        auto& counts = s.kernels["cublasLtMatmul"];
        counts.launches++;
        counts.multiplyAdds += d.rows * d.columns * depth;
        s.counts.launches++;
        return failure;
    }
};

/** Whether an algorithm serves, as far as a test lets it. */
int serves(const Algorithm& algorithm, const Layout* a, const Layout* b, const Layout* d) {
    bool known = algorithm.words[0] == SPLIT || algorithm.words[0] == FOR_MANY || algorithm.words[0] == FOR_FEW;
    bool refused = d->columns == uint64_t(state().refusedRows);
    return known && !refused && isAligned(*a) && isAligned(*b) ? OK : NOT_SUPPORTED;
}

} // namespace

size_t tokenwise::libraryObjects() { return objects().size(); }

void tokenwise::forgetLibraryObjects() {
    // Not deleted: who still has one must meet no other object at its address.
    objects().clear();
}

TOKENWISE_EXPORT size_t cublasLtGetVersion() { return 130001; }

TOKENWISE_EXPORT const char* cublasLtGetStatusName(int status) {
    switch (status) {
        case OK: return "CUBLAS_STATUS_SUCCESS";
        case NOT_READY_YET: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
        case INVALID: return "CUBLAS_STATUS_INVALID_VALUE";
        case EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
        case NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "CUBLAS_STATUS_UNKNOWN";
    }
}

TOKENWISE_EXPORT const char* cublasLtGetStatusString(int status) {
    return status == OK ? "success" : "what the simulated cuBLASLt refuses or a test asked for";
}

TOKENWISE_EXPORT int cublasLtCreate(void** library) {
    return libraryCall("cublasLtCreate", CONTEXT_OF_THREAD, [&] { return add(new Object(), Object::LIBRARY, library); });
}

TOKENWISE_EXPORT int cublasLtDestroy(void* library) {
    return destroyObject<Object>("cublasLtDestroy", library, Object::LIBRARY);
}

TOKENWISE_EXPORT int cublasLtMatmulDescCreate(void** product, int compute, int scale) {
    return libraryCall("cublasLtMatmulDescCreate", NOTHING, [&] {
        return compute == COMPUTE_32F && scale == REAL_32F
            ? add(new Product(), Object::PRODUCT, product)
            : report(NOT_SUPPORTED, "cublasLtMatmulDescCreate: only sums in float32 are simulated");
    });
}

TOKENWISE_EXPORT int cublasLtMatmulDescDestroy(void* product) {
    return destroyObject<Product>("cublasLtMatmulDescDestroy", product, Object::PRODUCT);
}

TOKENWISE_EXPORT int cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
    return libraryCall("cublasLtMatmulDescSetAttribute", NOTHING, [&] {
        if (!is(handle, Object::PRODUCT) || value == nullptr) {
            return report(INVALID, "cublasLtMatmulDescSetAttribute: no such object, or no value");
        }
        auto* product = static_cast<Product*>(handle);
        void* target = attribute == 3 ? static_cast<void*>(&product->transposedA)
            : attribute == 4          ? &product->transposedB
            : attribute == 7          ? static_cast<void*>(&product->epilogue)
            : attribute == 8          ? static_cast<void*>(&product->bias)
                                      : nullptr;
        if (target == nullptr || bytes != (attribute == 8 ? 8u : 4u)) {
            return report(INVALID, "cublasLtMatmulDescSetAttribute: attribute %d of %zu bytes", attribute, bytes);
        }
        memcpy(target, value, bytes);
        return int(OK);
    });
}

TOKENWISE_EXPORT int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
    return libraryCall("cublasLtMatrixLayoutCreate", NOTHING, [&] {
        auto* made = new Layout();
        made->type = type;
        made->rows = rows;
        made->columns = columns;
        made->leading = leading;
        return add(made, Object::LAYOUT, layout);
    });
}

TOKENWISE_EXPORT int cublasLtMatrixLayoutDestroy(void* layout) {
    return destroyObject<Layout>("cublasLtMatrixLayoutDestroy", layout, Object::LAYOUT);
}

TOKENWISE_EXPORT int cublasLtMatmulPreferenceCreate(void** preference) {
    return libraryCall("cublasLtMatmulPreferenceCreate", NOTHING, [&] { return add(new Preference(), Object::PREFERENCE, preference); });
}

TOKENWISE_EXPORT int cublasLtMatmulPreferenceDestroy(void* preference) {
    return destroyObject<Preference>("cublasLtMatmulPreferenceDestroy", preference, Object::PREFERENCE);
}

TOKENWISE_EXPORT int cublasLtMatmulPreferenceSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
    return libraryCall("cublasLtMatmulPreferenceSetAttribute", NOTHING, [&] {
        if (!is(handle, Object::PREFERENCE) || value == nullptr) {
            return report(INVALID, "cublasLtMatmulPreferenceSetAttribute: no such object, or no value");
        }
        auto* preference = static_cast<Preference*>(handle);
        void* target = attribute == 1             ? static_cast<void*>(&preference->workspace)
            : attribute == 3                      ? &preference->reductions
            : attribute >= 5 && attribute <= 8 ? static_cast<void*>(&preference->alignments[attribute - 5])
                                                  : nullptr;
        if (target == nullptr || bytes != (attribute == 1 ? 8u : 4u)) {
            return report(INVALID, "cublasLtMatmulPreferenceSetAttribute: attribute %d of %zu bytes", attribute, bytes);
        }
        memcpy(target, value, bytes);
        return int(OK);
    });
}

TOKENWISE_EXPORT int cublasLtMatmulAlgoGetHeuristic(void* library, void* product, void* a, void* b, void* c, void* d, void* preference,
                                                    int wanted, Found* results, int* found) {
    return libraryCall("cublasLtMatmulAlgoGetHeuristic", CONTEXT_OF_THREAD, [&] {
        *found = 0;
        auto* layout = static_cast<Layout*>(d);
        int code = checkShapes("cublasLtMatmulAlgoGetHeuristic", static_cast<Product*>(product), static_cast<Layout*>(a), static_cast<Layout*>(b),
                               static_cast<Layout*>(c), layout);
        if (code != OK || !is(library, Object::LIBRARY) || !is(preference, Object::PREFERENCE) || wanted < 1) {
            return code != OK ? code : report(INVALID, "cublasLtMatmulAlgoGetHeuristic: no such library or preference");
        }
        auto* asked = static_cast<Preference*>(preference);
        uint64_t own = layout->columns >= MANY ? FOR_MANY : FOR_FEW;
        for (uint64_t which : {uint64_t(SPLIT), own, own == FOR_MANY ? uint64_t(FOR_FEW) : uint64_t(FOR_MANY)}) {
            bool splits = which == SPLIT;
            Found each{{{which}}, splits ? size_t(1) << 20 : 0, OK, 1, {}};
            bool takes = !splits || (asked->reductions != 0 && asked->workspace >= each.workspace);
            if (takes && *found < wanted && serves(each.algorithm, static_cast<Layout*>(a), static_cast<Layout*>(b), layout) == OK && !state().findsNothing) {
                results[(*found)++] = each;
            }
        }
        return *found == 0 ? report(NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic: no algorithm") : int(OK);
    });
}

TOKENWISE_EXPORT int cublasLtMatmulAlgoCheck(void* library, void* product, void* a, void* b, void* c, void* d, const Algorithm* algorithm,
                                             Found* result) {
    return libraryCall("cublasLtMatmulAlgoCheck", CONTEXT_OF_THREAD, [&] {
        int code = checkShapes("cublasLtMatmulAlgoCheck", static_cast<Product*>(product), static_cast<Layout*>(a), static_cast<Layout*>(b),
                               static_cast<Layout*>(c), static_cast<Layout*>(d));
        if (code != OK || !is(library, Object::LIBRARY)) {
            return code != OK ? code : report(INVALID, "cublasLtMatmulAlgoCheck: no such library");
        }
        code = serves(*algorithm, static_cast<Layout*>(a), static_cast<Layout*>(b), static_cast<Layout*>(d));
        if (code != OK) {
            return report(NOT_SUPPORTED, "cublasLtMatmulAlgoCheck: not for these sizes");
        }
        *result = {*algorithm, algorithm->words[0] == SPLIT ? size_t(1) << 20 : 0, OK, 1, {}};
        return int(OK);
    });
}

TOKENWISE_EXPORT int cublasLtMatmul(void* library, void* product, const float* alpha, const void* aData, void* a, const void* bData, void* b,
                                    const float* beta, const void* cData, void* c, void* dData, void* d, const Algorithm* algorithm,
                                    void* workspace, size_t workspaceBytes, Handle stream) {
    return libraryCall("cublasLtMatmul", CONTEXT_OF_THREAD, [&] {
        auto *of = static_cast<Product*>(product);
        Layout *la = static_cast<Layout*>(a), *lb = static_cast<Layout*>(b), *lc = static_cast<Layout*>(c), *ld = static_cast<Layout*>(d);
        int code = checkShapes("cublasLtMatmul", of, la, lb, lc, ld);
        if (code != OK || !is(library, Object::LIBRARY) || alpha == nullptr || beta == nullptr) {
            return code != OK ? code : report(INVALID, "cublasLtMatmul: no such library, or no factors");
        }
        if (aData == nullptr || bData == nullptr || dData == nullptr || (*beta != 0 && cData == nullptr)) {
            return report(INVALID, "cublasLtMatmul: an operand is null");
        }
        for (const void* each : {aData, bData, cData, static_cast<const void*>(dData)}) {
            if (reinterpret_cast<uintptr_t>(each) % 16 != 0) {
                return report(NOT_SUPPORTED, "cublasLtMatmul: %p is no multiple of 16", each);
            }
        }
        bool adds = of->epilogue == BIAS || of->epilogue == GELU_BIAS;
        if (adds && of->bias == nullptr) {
            return report(INVALID, "cublasLtMatmul: the epilogue adds a bias, which is null");
        }
        // The real one, without an algorithm, takes what its heuristic says.
        uint64_t which = algorithm != nullptr ? algorithm->words[0] : ld->columns >= MANY ? FOR_MANY : FOR_FEW;
        if (serves({{which}}, la, lb, ld) != OK) {
            return report(NOT_SUPPORTED, "cublasLtMatmul: the algorithm is not for these sizes");
        }
        if (which == SPLIT && (workspace == nullptr || workspaceBytes < size_t(1) << 20)) {
            return report(INVALID, "cublasLtMatmul: too little workspace");
        }
        Queued queued{*of, *la, *lb, *lc, *ld, aData, bData, static_cast<const float*>(cData), static_cast<float*>(dData), *alpha, *beta, which};
        code = enqueue("cublasLtMatmul", stream, {Operation::KERNEL, [queued] { return queued.run(); }, nullptr, 0});
        return code == SUCCESS ? int(OK) : int(EXECUTION_FAILED);
    });
}

/** From here on its heuristic finds no algorithm, or finds them again. */
TOKENWISE_EXPORT void fakeLibraryFindsNothing(int nothing) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().findsNothing = nothing != 0;
}

/** From here on no algorithm serves with so many columns of the result, our rows; 0 takes that back. */
TOKENWISE_EXPORT void fakeLibraryRefuses(int rows) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().refusedRows = rows;
}
