// Memory, and the copies and fills that move it.
#include "streams.h"

using namespace tokenwise;

namespace {

void* pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

/** Whether bytes are pinned host memory; memory that begins pinned must be so to its end. */
bool isPinned(const void* host, size_t bytes) {
    State& s = state();
    if (s.pinned.find(host, bytes) != nullptr) {
        return true;
    }
    auto after = s.registered.upper_bound(static_cast<const char*>(host));
    if (after == s.registered.begin()) {
        return false;
    }
    auto& [start, size] = *std::prev(after);
    return static_cast<const char*>(host) + bytes <= start + size;
}

int checkDevice(const char* name, CUdeviceptr address, size_t bytes) {
    State& s = state();
    if (s.device.find(pointer(address), bytes) != nullptr) {
        return SUCCESS;
    }
    char near[200] = "no memory of the device";
    s.device.describe(pointer(address), near, sizeof near);
    return report(INVALID_VALUE, "%s: %zu bytes at 0x%llx: %s", name, bytes, address, near);
}

int checkHost(const char* name, const void* host, size_t bytes) {
    State& s = state();
    char near[200];
    if (host == nullptr || s.device.find(host, 0) != nullptr) {
        return report(INVALID_VALUE, "%s: %p is no host memory", name, host);
    }
    if (!isPinned(host, bytes) && s.pinned.describe(host, near, sizeof near)) {
        return report(INVALID_VALUE, "%s: %zu bytes at %p: %s", name, bytes, host, near);
    }
    return SUCCESS;
}

void count(size_t bytes, bool deviceTarget, bool deviceSource) {
    Counts& counts = state().counts;
    auto& copies = !deviceSource ? counts.copiesToDevice : !deviceTarget ? counts.copiesToHost : counts.copiesOnDevice;
    auto& sum = !deviceSource ? counts.bytesToDevice : !deviceTarget ? counts.bytesToHost : counts.bytesOnDevice;
    copies++;
    sum += long(bytes);
}

/** What was right when a copy or fill was queued may have been freed since. */
Failure checkNow(const void* address, size_t bytes, bool device) {
    State& s = state();
    Failure failure{};
    char near[200] = "no memory of the device";
    bool stale = device ? s.device.find(address, bytes) == nullptr && (s.device.describe(address, near, sizeof near), true)
                        : s.pinned.find(address, bytes) == nullptr && s.pinned.describe(address, near, sizeof near);
    if (stale) {
        failure.code = ILLEGAL_ADDRESS;
        snprintf(failure.text, sizeof failure.text, "a copy or fill of %zu bytes at %p: %s", bytes, address, near);
    }
    return failure;
}

Failure copyNow(void* target, const void* source, size_t bytes, bool deviceTarget, bool deviceSource) {
    Failure failure = checkNow(target, bytes, deviceTarget);
    failure = failure.code != 0 ? failure : checkNow(source, bytes, deviceSource);
    if (failure.code == 0) {
        memmove(target, source, bytes);
        count(bytes, deviceTarget, deviceSource);
    }
    return failure;
}

Operation copyOf(void* target, const void* source, size_t bytes, bool deviceTarget, bool deviceSource) {
    return {Operation::COPY, [=] { return copyNow(target, source, bytes, deviceTarget, deviceSource); }, nullptr, 0};
}

bool isCapturing(Handle handle) {
    Stream* stream = findStream(handle);
    return stream != nullptr && stream->capture != nullptr;
}

/** A real driver takes these into a graph, which then reads memory that nobody keeps; no caller of ours may mean that. */
int refusePageable(const char* name, Handle stream) {
    return invalidate(*findStream(stream)->capture, STREAM_CAPTURE_UNSUPPORTED, name);
}

int toDevice(const char* name, CUdeviceptr target, const void* source, size_t bytes, Handle stream) {
    if (bytes == 0) {
        return SUCCESS;
    }
    int code = checkDevice(name, target, bytes);
    code = code != SUCCESS ? code : checkHost(name, source, bytes);
    if (code != SUCCESS) {
        return code;
    }
    if (isPinned(source, bytes)) {
        return enqueue(name, stream, copyOf(pointer(target), source, bytes, true, false));
    }
    if (isCapturing(stream)) {
        return refusePageable(name, stream);
    }
    // Pageable memory is staged before the call returns.
    auto staged = std::make_shared<std::vector<char>>(static_cast<const char*>(source), static_cast<const char*>(source) + bytes);
    return enqueue(name, stream, {Operation::COPY, [=] { return copyNow(pointer(target), staged->data(), bytes, true, false); }, nullptr, 0});
}

int toHost(const char* name, void* target, CUdeviceptr source, size_t bytes, Handle stream) {
    if (bytes == 0) {
        return SUCCESS;
    }
    int code = checkDevice(name, source, bytes);
    code = code != SUCCESS ? code : checkHost(name, target, bytes);
    if (code != SUCCESS) {
        return code;
    }
    bool waits = !isPinned(target, bytes);
    if (waits && isCapturing(stream)) {
        return refusePageable(name, stream);
    }
    code = enqueue(name, stream, copyOf(target, pointer(source), bytes, false, true));
    if (code != SUCCESS || !waits) {
        return code;
    }
    state().counts.synchronizations++;
    return runUntil(findStream(stream));
}

int onDevice(const char* name, CUdeviceptr target, CUdeviceptr source, size_t bytes, Handle stream) {
    if (bytes == 0) {
        return SUCCESS;
    }
    int code = checkDevice(name, target, bytes);
    code = code != SUCCESS ? code : checkDevice(name, source, bytes);
    if (code != SUCCESS) {
        return code;
    }
    return enqueue(name, stream, copyOf(pointer(target), pointer(source), bytes, true, true));
}

template <class T>
int fill(const char* name, CUdeviceptr target, T value, size_t count, Handle stream) {
    size_t bytes = count * sizeof(T);
    int code = target % sizeof(T) != 0 ? report(INVALID_VALUE, "%s: the address is not aligned", name) : checkDevice(name, target, bytes);
    if (code != SUCCESS) {
        return code;
    }
    auto run = [=] {
        Failure failure = checkNow(pointer(target), bytes, true);
        if (failure.code == 0) {
            std::fill_n(static_cast<T*>(pointer(target)), count, value);
            state().counts.fills++;
        }
        return failure;
    };
    return enqueue(name, stream, {Operation::FILL, run, nullptr, 0});
}

/** A blocking copy: refused while capturing, else done when the call returns. */
template <class Copy>
int blocking(const char* name, Copy&& copy) {
    int code = refuseWhileCapturing(name);
    code = code != SUCCESS ? code : copy();
    if (code != SUCCESS) {
        return code;
    }
    state().counts.synchronizations++;
    return runUntil(findStream(nullptr));
}

int allocate(const char* name, CUdeviceptr* address, size_t bytes) {
    State& s = state();
    if (bytes == 0) {
        return report(INVALID_VALUE, "%s: 0 bytes", name);
    }
    if (bytes > s.memoryLimit - std::min(s.memoryLimit, s.device.liveBytes())) {
        return report(OUT_OF_MEMORY, "%s: %zu bytes, %zu of %zu are taken", name, bytes, s.device.liveBytes(), s.memoryLimit);
    }
    char* data = s.device.allocate(bytes);
    if (data == nullptr) {
        return report(OUT_OF_MEMORY, "%s: the machine has no %zu bytes", name, bytes);
    }
    *address = reinterpret_cast<CUdeviceptr>(data);
    s.counts.allocations++;
    s.counts.bytesLive = long(s.device.liveBytes());
    s.counts.bytesMost = std::max(s.counts.bytesMost, s.counts.bytesLive);
    return SUCCESS;
}

Failure freeNow(CUdeviceptr address) {
    State& s = state();
    Failure failure{};
    if (!s.device.isStart(pointer(address))) {
        failure.code = INVALID_VALUE;
        snprintf(failure.text, sizeof failure.text, "free: 0x%llx is no allocation", address);
        return failure;
    }
    char near[200] = "";
    s.device.describe(static_cast<char*>(pointer(address)), near, sizeof near);
    if (!s.device.free(pointer(address))) {
        failure.code = ILLEGAL_ADDRESS;
        snprintf(failure.text, sizeof failure.text, "free: somebody wrote just before or behind an allocation: %s", near);
    }
    s.counts.frees++;
    s.counts.bytesLive = long(s.device.liveBytes());
    return failure;
}

} // namespace

TOKENWISE_EXPORT CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
    return call("cuMemGetInfo_v2", CONTEXT_OF_THREAD, [&] {
        State& s = state();
        *total = s.memoryLimit;
        *free = s.memoryLimit - std::min(s.memoryLimit, s.device.liveBytes());
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
    return call("cuMemAlloc_v2", CONTEXT_OF_THREAD, [&] {
        int code = refuseWhileCapturing("cuMemAlloc_v2");
        return code != SUCCESS ? code : allocate("cuMemAlloc_v2", address, bytes);
    });
}

TOKENWISE_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
    return call("cuMemFree_v2", CONTEXT_OF_THREAD, [&] {
        if (address == 0) {
            return int(SUCCESS);
        }
        int code = refuseWhileCapturing("cuMemFree_v2");
        code = code != SUCCESS ? code : runAll(); // as the real one, which waits for the device
        if (code != SUCCESS) {
            return code;
        }
        Failure failure = freeNow(address);
        if (failure.code != 0) {
            report(failure.code, "%s", failure.text);
        }
        return endsContext(failure.code) ? breakContext(failure.code) : failure.code;
    });
}

TOKENWISE_EXPORT CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, Handle stream) {
    return call("cuMemAllocAsync", CONTEXT_OF_THREAD, [&] {
        int code = refuseWhileCapturing("cuMemAllocAsync");
        return code != SUCCESS ? code : findStream(stream) == nullptr ? int(INVALID_HANDLE) : allocate("cuMemAllocAsync", address, bytes);
    });
}

TOKENWISE_EXPORT CUresult cuMemFreeAsync(CUdeviceptr address, Handle stream) {
    return call("cuMemFreeAsync", CONTEXT_OF_THREAD, [&] {
        int code = refuseWhileCapturing("cuMemFreeAsync");
        code = code != SUCCESS ? code : checkDevice("cuMemFreeAsync", address, 0);
        return code != SUCCESS ? code : enqueue("cuMemFreeAsync", stream, {Operation::FREE, [=] { return freeNow(address); }, nullptr, 0});
    });
}

TOKENWISE_EXPORT CUresult cuDeviceGetDefaultMemPool(Handle* pool, CUdevice) {
    return call("cuDeviceGetDefaultMemPool", DRIVER, [&] {
        *pool = CONTEXT;
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuMemPoolSetAttribute(Handle pool, int, void*) {
    return call("cuMemPoolSetAttribute", DRIVER, [&] { return pool == CONTEXT ? SUCCESS : INVALID_VALUE; });
}

TOKENWISE_EXPORT CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned) {
    return call("cuMemHostAlloc", CONTEXT_OF_THREAD, [&] {
        int code = refuseWhileCapturing("cuMemHostAlloc");
        if (code != SUCCESS || bytes == 0) {
            return code != SUCCESS ? code : int(INVALID_VALUE);
        }
        *address = state().pinned.allocate(bytes);
        state().counts.pinnedBytes = long(state().pinned.liveBytes());
        return *address == nullptr ? int(OUT_OF_MEMORY) : int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuMemFreeHost(void* address) {
    return call("cuMemFreeHost", CONTEXT_OF_THREAD, [&] {
        int code = refuseWhileCapturing("cuMemFreeHost");
        code = code != SUCCESS ? code : runAll();
        if (code != SUCCESS) {
            return code;
        }
        if (!state().pinned.isStart(address)) {
            return report(INVALID_VALUE, "cuMemFreeHost: %p is no pinned memory", address);
        }
        bool clean = state().pinned.free(address);
        state().counts.pinnedBytes = long(state().pinned.liveBytes());
        return clean ? int(SUCCESS) : report(INVALID_VALUE, "cuMemFreeHost: somebody wrote just before or behind pinned memory");
    });
}

TOKENWISE_EXPORT CUresult cuMemHostRegister_v2(void* address, size_t bytes, unsigned) {
    return call("cuMemHostRegister_v2", CONTEXT_OF_THREAD, [&] {
        int code = refuseWhileCapturing("cuMemHostRegister_v2");
        if (code != SUCCESS) {
            return code;
        }
        if (isPinned(address, 1)) {
            return int(HOST_MEMORY_ALREADY_REGISTERED);
        }
        state().registered[static_cast<char*>(address)] = bytes;
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuMemHostUnregister(void* address) {
    return call("cuMemHostUnregister", CONTEXT_OF_THREAD, [&] {
        int code = refuseWhileCapturing("cuMemHostUnregister");
        code = code != SUCCESS ? code : runAll();
        if (code != SUCCESS) {
            return code;
        }
        return state().registered.erase(static_cast<char*>(address)) == 1 ? int(SUCCESS) : int(HOST_MEMORY_NOT_REGISTERED);
    });
}

TOKENWISE_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void* source, size_t bytes, Handle stream) {
    return call("cuMemcpyHtoDAsync_v2", CONTEXT_OF_THREAD, [&] { return toDevice("cuMemcpyHtoDAsync_v2", target, source, bytes, stream); });
}

TOKENWISE_EXPORT CUresult cuMemcpyDtoHAsync_v2(void* target, CUdeviceptr source, size_t bytes, Handle stream) {
    return call("cuMemcpyDtoHAsync_v2", CONTEXT_OF_THREAD, [&] { return toHost("cuMemcpyDtoHAsync_v2", target, source, bytes, stream); });
}

TOKENWISE_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, size_t bytes, Handle stream) {
    return call("cuMemcpyDtoDAsync_v2", CONTEXT_OF_THREAD, [&] { return onDevice("cuMemcpyDtoDAsync_v2", target, source, bytes, stream); });
}

TOKENWISE_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr target, const void* source, size_t bytes) {
    return call("cuMemcpyHtoD_v2", CONTEXT_OF_THREAD, [&] {
        return blocking("cuMemcpyHtoD_v2", [&] { return toDevice("cuMemcpyHtoD_v2", target, source, bytes, nullptr); });
    });
}

TOKENWISE_EXPORT CUresult cuMemcpyDtoH_v2(void* target, CUdeviceptr source, size_t bytes) {
    return call("cuMemcpyDtoH_v2", CONTEXT_OF_THREAD, [&] {
        return blocking("cuMemcpyDtoH_v2", [&] { return toHost("cuMemcpyDtoH_v2", target, source, bytes, nullptr); });
    });
}

TOKENWISE_EXPORT CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t count, Handle stream) {
    return call("cuMemsetD8Async", CONTEXT_OF_THREAD, [&] { return fill("cuMemsetD8Async", target, value, count, stream); });
}

TOKENWISE_EXPORT CUresult cuMemsetD32Async(CUdeviceptr target, unsigned value, size_t count, Handle stream) {
    return call("cuMemsetD32Async", CONTEXT_OF_THREAD, [&] { return fill("cuMemsetD32Async", target, value, count, stream); });
}
