// Device and context.
#include "streams.h"

using namespace tokenwise;

namespace {

static_assert(State::MOST_SHARED == DynamicShared::MOST, "what may be asked for is what there is");

int attribute(int number) {
    switch (number) {
        case 1: // threads of a block, and its x and y
        case 2:
        case 3:
            return 1024;
        case 4:
            return 64;
        case 5:
            return 2147483647;
        case 6:
        case 7:
            return 65535;
        case 8:
            return 48 * 1024;
        case 10:
            return 32;
        case 12:
            return 65536;
        case 16:
            return state().multiprocessors;
        case 38:
            return 50 << 20;
        case 39:
            return 2048;
        case 41:
            return 1;
        case 75:
            return state().capability / 10;
        case 76:
            return state().capability % 10;
        case 81:
            return 228 * 1024;
        case 97:
            return int(state().sharedLimit);
        case 115:
            return 1;
        default:
            return 0;
    }
}

/** What was never given back, one line each. */
std::string listLeaks() {
    State& s = state();
    std::string text;
    char line[200];
    auto memory = [&](const Memory& kind, const char* name) {
        kind.eachLive([&](const char*, const Memory::Block& block) {
            snprintf(line, sizeof line, "%s #%ld of %zu bytes\n", name, block.number, block.bytes);
            text += line;
        });
    };
    memory(s.device, "allocation");
    memory(s.pinned, "pinned memory");
    auto handles = [&](size_t count, const char* name) {
        if (count > 0) {
            snprintf(line, sizeof line, "%zu %s\n", count, name);
            text += line;
        }
    };
    handles(s.streams.size() - s.streams.count(nullptr), "streams");
    handles(s.events.size(), "events");
    handles(s.modules.size(), "modules");
    handles(s.graphs.size(), "graphs");
    handles(s.executables.size(), "executable graphs");
    handles(s.registered.size(), "registered host memories");
    handles(libraryObjects(), "objects of cuBLASLt");
    return text;
}

void destroyContext() {
    State& s = state();
    s.leaksOfLastContext = listLeaks();
    s.device.freeAll();
    s.pinned.freeAll();
    s.registered.clear();
    s.busy.clear();
    s.streams.clear();
    s.events.clear();
    s.modules.clear();
    s.functions.clear();
    s.graphs.clear();
    s.executables.clear();
    s.captures.clear();
    forgetLibraryObjects();
    s.counts.bytesLive = 0;
    s.counts.pinnedBytes = 0;
    s.broken = 0;
    s.retained = 0;
}

bool allowedHere() {
    const char* purpose = getenv("TOKENWISE_FAKE_CUDA");
    return state().allowed || (purpose != nullptr && strcmp(purpose, "test") == 0);
}

} // namespace

TOKENWISE_EXPORT CUresult cuInit(unsigned) {
    return call("cuInit", NOTHING, [] {
        if (!allowedHere()) {
            return report(NO_DEVICE, "this is a simulation for tests; set TOKENWISE_FAKE_CUDA=test to use it in one");
        }
        state().initialized = true;
        describeAddress = [](const void* address) -> const char* {
            static char text[200];
            State& s = state();
            bool known = s.device.describe(address, text, sizeof text) || s.pinned.describe(address, text, sizeof text);
            return known ? text : nullptr;
        };
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuDriverGetVersion(int* version) {
    return call("cuDriverGetVersion", NOTHING, [&] {
        *version = 13000;
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuDeviceGetCount(int* count) {
    return call("cuDeviceGetCount", DRIVER, [&] {
        *count = 1;
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    return call("cuDeviceGet", DRIVER, [&] {
        *device = 0;
        return ordinal == 0 ? SUCCESS : INVALID_DEVICE;
    });
}

TOKENWISE_EXPORT CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
    return call("cuDeviceGetName", DRIVER, [&] {
        snprintf(name, size_t(length), "tokenwise fake device (simulated on the CPU, no GPU)");
        return device == 0 ? SUCCESS : INVALID_DEVICE;
    });
}

TOKENWISE_EXPORT CUresult cuDeviceGetAttribute(int* value, int number, CUdevice device) {
    return call("cuDeviceGetAttribute", DRIVER, [&] {
        *value = attribute(number);
        return device == 0 ? SUCCESS : INVALID_DEVICE;
    });
}

TOKENWISE_EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
    return call("cuDeviceTotalMem_v2", DRIVER, [&] {
        *bytes = state().memoryLimit;
        return device == 0 ? SUCCESS : INVALID_DEVICE;
    });
}

TOKENWISE_EXPORT CUresult cuDevicePrimaryCtxRetain(Handle* context, CUdevice device) {
    return call("cuDevicePrimaryCtxRetain", DRIVER, [&] {
        if (device != 0) {
            return INVALID_DEVICE;
        }
        state().retained++;
        *context = CONTEXT;
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
    return call("cuDevicePrimaryCtxRelease_v2", DRIVER, [&] {
        if (device != 0) {
            return INVALID_DEVICE;
        }
        if (state().retained == 0) {
            return INVALID_CONTEXT;
        }
        if (state().retained == 1) {
            destroyContext();
        } else {
            state().retained--;
        }
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuCtxSetCurrent(Handle context) {
    return call("cuCtxSetCurrent", DRIVER, [&] {
        if (context != nullptr && (context != CONTEXT || state().retained == 0)) {
            return report(INVALID_CONTEXT, "cuCtxSetCurrent: the primary context is not retained");
        }
        pthread_setspecific(currentContextKey(), context);
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuCtxGetCurrent(Handle* context) {
    return call("cuCtxGetCurrent", DRIVER, [&] {
        *context = pthread_getspecific(currentContextKey());
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuCtxSynchronize() {
    return call("cuCtxSynchronize", CONTEXT_OF_THREAD, [] {
        state().counts.synchronizations++;
        if (!state().captures.empty()) {
            return invalidate(*state().captures.front(), STREAM_CAPTURE_UNSUPPORTED, "cuCtxSynchronize");
        }
        return runAll();
    });
}

TOKENWISE_EXPORT CUresult cuGetErrorName(CUresult code, const char** name) {
    for (auto& each : ERROR_TEXTS) {
        if (each.code == code) {
            *name = each.name;
            return SUCCESS;
        }
    }
    *name = nullptr;
    return INVALID_VALUE;
}

TOKENWISE_EXPORT CUresult cuGetErrorString(CUresult code, const char** text) {
    for (auto& each : ERROR_TEXTS) {
        if (each.code == code) {
            *text = each.text;
            return SUCCESS;
        }
    }
    *text = nullptr;
    return INVALID_VALUE;
}
