// A stub of the CUDA driver for tests of the bindings: it answers calls as it is told to, by STUB_ANSWERS=call=code,.. in the environment or by
// stubAnswer, and runs no kernel. Device memory is host memory; copies are done at once. It is no model of a driver.
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <chrono>
#include <atomic>

namespace {
std::mutex guard;
std::map<std::string, int> answers;
std::map<std::string, long> calls;
std::atomic<bool> blocked{false};
std::atomic<int> waiting{0};
long arguments[16];
long live = 0;

bool readEnvironment() {
    const char *text = std::getenv("STUB_ANSWERS");
    std::string rest = text ? text : "";
    while (!rest.empty()) {
        auto end = rest.find(',');
        auto one = rest.substr(0, end);
        rest = end == std::string::npos ? "" : rest.substr(end + 1);
        auto equals = one.find('=');
        answers[one.substr(0, equals)] = std::atoi(one.c_str() + equals + 1);
    }
    return true;
}

int answer(const char *call) {
    std::lock_guard<std::mutex> lock(guard);
    static bool read = readEnvironment();
    (void)read;
    calls[call]++;
    auto found = answers.find(call);
    return found == answers.end() ? 0 : found->second;
}

int make(const char *call, void **out) {
    int code = answer(call);
    if (code == 0) {
        *out = std::malloc(16);
        std::lock_guard<std::mutex> lock(guard);
        live++;
    }
    return code;
}

int destroy(const char *call, void *object) {
    std::free(object);
    std::lock_guard<std::mutex> lock(guard);
    live--;
    calls[call]++;
    auto found = answers.find(call);
    return found == answers.end() ? 0 : found->second;
}
} // namespace

extern "C" {
// ---- what tests tell and ask
void stubAnswer(const char *call, int code) {
    std::lock_guard<std::mutex> lock(guard);
    answers[call] = code;
}
long stubCalls(const char *call) {
    std::lock_guard<std::mutex> lock(guard);
    return calls[call];
}
long stubLive() { return live; }
long stubArgument(int i) { return arguments[i]; }
void stubBlock(int yes) { blocked = yes != 0; }
int stubWaiting() { return waiting; }

// ---- the driver
int cuInit(unsigned) { return answer("cuInit"); }
int cuDriverGetVersion(int *out) {
    int code = answer("version");
    *out = code ? code : 13000;
    return answer("cuDriverGetVersion");
}
int cuGetErrorName(int code, const char **out) {
    *out = code == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : code == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS"
        : code == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" : code == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OF_STUB";
    return code == 12345 ? 1 : 0;
}
int cuGetErrorString(int code, const char **out) {
    *out = code == 2 ? "out of memory" : "what the stub says";
    return code == 12345 ? 1 : 0;
}
int cuDeviceGetCount(int *out) {
    int devices = answer("devices");
    *out = devices < 0 ? 0 : devices ? devices : 1;
    return answer("cuDeviceGetCount");
}
int cuDeviceGet(int *out, int ordinal) { *out = ordinal; return answer("cuDeviceGet"); }
int cuDeviceGetName(char *name, int bytes, int) { std::strncpy(name, "tokenwise fake stub", bytes); return answer("cuDeviceGetName"); }
int cuDeviceGetAttribute(int *out, int which, int) {
    *out = which == 75 ? 9 : which == 76 ? 0 : which == 16 ? 4 : which == 97 ? 227 << 10 : -1;
    return answer("cuDeviceGetAttribute");
}
int cuDeviceTotalMem_v2(size_t *out, int) { *out = 1l << 30; return answer("cuDeviceTotalMem_v2"); }
int cuDevicePrimaryCtxRetain(void **out, int) { return make("cuDevicePrimaryCtxRetain", out); }
int cuDevicePrimaryCtxRelease_v2(int) { live--; return answer("cuDevicePrimaryCtxRelease_v2"); }
int cuCtxSetCurrent(void *) { return answer("cuCtxSetCurrent"); }
int cuMemGetInfo_v2(size_t *free, size_t *total) { *free = 1l << 29; *total = 1l << 30; return answer("cuMemGetInfo_v2"); }
int cuMemAlloc_v2(void **out, size_t bytes) {
    int code = make("cuMemAlloc_v2", out);
    if (code == 0) { std::free(*out); *out = std::malloc(bytes); }
    return code;
}
int cuMemFree_v2(void *address) { return destroy("cuMemFree_v2", address); }
int cuMemHostAlloc(void **out, size_t bytes, unsigned) {
    int code = make("cuMemHostAlloc", out);
    if (code == 0) { std::free(*out); *out = std::malloc(bytes); }
    return code;
}
int cuMemFreeHost(void *address) { return destroy("cuMemFreeHost", address); }
int cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t bytes, void *) { std::memcpy(to, from, bytes); return answer("cuMemcpyHtoDAsync_v2"); }
int cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t bytes, void *) { std::memcpy(to, from, bytes); return answer("cuMemcpyDtoHAsync_v2"); }
int cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t bytes, void *) { std::memcpy(to, from, bytes); return answer("cuMemcpyDtoDAsync_v2"); }
int cuMemsetD8Async(void *to, unsigned char value, size_t bytes, void *) { std::memset(to, value, bytes); return answer("cuMemsetD8Async"); }
int cuMemsetD32Async(unsigned *to, unsigned value, size_t count, void *) {
    for (size_t i = 0; i < count; i++) to[i] = value;
    return answer("cuMemsetD32Async");
}
int cuStreamCreate(void **out, unsigned) { return make("cuStreamCreate", out); }
int cuStreamDestroy_v2(void *stream) { return destroy("cuStreamDestroy_v2", stream); }
int cuStreamSynchronize(void *) {
    waiting++;
    while (blocked) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    waiting--;
    return answer("cuStreamSynchronize");
}
int cuStreamWaitEvent(void *, void *, unsigned) { return answer("cuStreamWaitEvent"); }
int cuStreamBeginCapture_v2(void *, int mode) { arguments[15] = mode; return answer("cuStreamBeginCapture_v2"); }
int cuStreamEndCapture(void *, void **out) { return make("cuStreamEndCapture", out); }
int cuEventCreate(void **out, unsigned) { return make("cuEventCreate", out); }
int cuEventDestroy_v2(void *event) { return destroy("cuEventDestroy_v2", event); }
int cuEventRecord(void *, void *) { return answer("cuEventRecord"); }
int cuEventQuery(void *) { return answer("cuEventQuery"); }
int cuEventSynchronize(void *) { return answer("cuEventSynchronize"); }
int cuEventElapsedTime(float *out, void *, void *) { *out = 1.5f; return answer("cuEventElapsedTime"); }
int cuModuleLoadDataEx(void **out, const void *, unsigned count, int *options, void **values) {
    int code = make("cuModuleLoadDataEx", out);
    for (unsigned i = 0; i < count; i++)
        if (code != 0 && options[i] == 5) std::strcpy(static_cast<char *>(values[i]), "ptxas: line 1\n  line 2\n");
    return code;
}
int cuModuleUnload(void *module) { return destroy("cuModuleUnload", module); }
int cuModuleGetFunction(void **out, void *, const char *) { *out = arguments; return answer("cuModuleGetFunction"); }
int cuFuncGetAttribute(int *out, int which, void *) {
    *out = which == 0 ? 256 : which == 1 ? 1024 : which == 3 ? 16 : which == 4 ? 40 : -1;
    return answer("cuFuncGetAttribute");
}
int cuFuncSetAttribute(void *, int which, int bytes) { arguments[14] = which == 8 ? bytes : -1; return answer("cuFuncSetAttribute"); }
#ifndef STUB_WITHOUT_PARAMETERS
int cuFuncGetParamInfo(void *, size_t index, size_t *offset, size_t *size) {
    static const size_t sizes[] = {8, 4, 4, 8};
    if (index >= 4) return 1;
    *offset = index * 8;
    *size = sizes[index];
    return answer("cuFuncGetParamInfo");
}
#endif
int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *out, void *, int, size_t) { *out = 3; return answer("cuOccupancyMaxActiveBlocksPerMultiprocessor"); }
#ifndef STUB_WITHOUT_LAUNCH
int cuLaunchKernel(void *, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned, unsigned, unsigned shared, void *, void **parameters, void **) {
    static const size_t sizes[] = {8, 4, 4, 8};
    for (int i = 0; i < 4; i++) {
        arguments[i] = 0;
        std::memcpy(&arguments[i], parameters[i], sizes[i]);
    }
    arguments[4] = x; arguments[5] = y; arguments[6] = z; arguments[7] = threads; arguments[8] = shared;
    return answer("cuLaunchKernel");
}
#endif
int cuGraphInstantiateWithFlags(void **out, void *, unsigned long long) { return make("cuGraphInstantiateWithFlags", out); }
int cuGraphDestroy(void *graph) { return destroy("cuGraphDestroy", graph); }
int cuGraphExecUpdate_v2(void *, void *, void *) { return answer("cuGraphExecUpdate_v2"); }
int cuGraphUpload(void *, void *) { return answer("cuGraphUpload"); }
int cuGraphLaunch(void *, void *) { return answer("cuGraphLaunch"); }
int cuGraphExecDestroy(void *graph) { return destroy("cuGraphExecDestroy", graph); }
}
