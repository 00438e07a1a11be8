// Modules, functions and launches.
#include <charconv>
#include <string_view>

#include "image.h"
#include "streams.h"

using namespace tokenwise;

namespace {

Function* findFunction(Handle handle) {
    auto found = state().functions.find(handle);
    return found == state().functions.end() ? nullptr : &found->second;
}

int load(const char* name, Handle* module, const void* image) {
    int code = refuseWhileCapturing(name);
    if (code != SUCCESS) {
        return code;
    }
    std::string_view text = image == nullptr ? "" : static_cast<const char*>(image);
    std::string_view mark = IMAGE_MARK;
    if (text.substr(0, mark.size()) != mark) {
        return report(INVALID_IMAGE, "%s: the image is none that this simulation's NVRTC made; it runs no code for a card", name);
    }
    unsigned long long hash = 0;
    std::from_chars(text.data() + mark.size(), text.data() + text.size(), hash, 16);
    const Source* source = findSource(hash);
    if (source == nullptr) {
        return report(INVALID_IMAGE, "%s: an image of another source than this library was built from", name);
    }
    *module = state().newHandle();
    state().modules[*module] = {source};
    return SUCCESS;
}

/** Pointers that a kernel gets must be null or into memory of the device; a card would fault where it follows another one. */
Failure checkPointers(const Function& function, const Parameters& parameters) {
    State& s = state();
    Failure failure{};
    for (size_t i = 0; i < parameters.pointers.size() && failure.code == 0; i++) {
        const void* each = parameters.pointers[i];
        if (each != nullptr && s.device.find(each, 0) == nullptr && s.pinned.find(each, 0) == nullptr) {
            char near[200] = "no memory of the device (is it the host's?)";
            s.device.describe(each, near, sizeof near) || s.pinned.describe(each, near, sizeof near);
            failure.code = ILLEGAL_ADDRESS;
            snprintf(failure.text, sizeof failure.text, "kernel %s: parameter %zu is the pointer %p: %s", function.kernel->name.c_str(), i,
                     each, near);
        }
    }
    return failure;
}

/** What a kernel wrote beside the memory that it got, too near to fault, is found when it has run. */
Failure checkSurroundings(const Function& function, const Parameters& parameters) {
    State& s = state();
    Failure failure{};
    for (size_t i = 0; i < parameters.pointers.size() && failure.code == 0; i++) {
        const Memory::Block* block = s.device.find(parameters.pointers[i], 0);
        if (block != nullptr && !Memory::isClean(*block)) {
            failure.code = ILLEGAL_ADDRESS;
            snprintf(failure.text, sizeof failure.text, "kernel %s: it wrote just before or behind allocation #%ld (%zu bytes), parameter %zu",
                     function.kernel->name.c_str(), block->number, block->bytes, i);
        }
    }
    return failure;
}

Failure launchNow(const Function& function, const Shape& shape, const Parameters& parameters) {
    State& s = state();
    Failure failure = checkPointers(function, parameters);
    if (failure.code != 0) {
        return failure;
    }
    double start = milliseconds();
    auto before = grid.multiplyAdds;
    unsigned long long seed = s.seed == 0 ? 0 : chance(1u << 30) + 1;
    failure = run(function.kernel->name.c_str(), shape, parameters.body, parameters.call.get(), function.source->dynamicPointer(), seed);
    long blocks = long(shape.gridSize.x) * shape.gridSize.y * shape.gridSize.z;
    auto& counts = s.kernels[function.kernel->name];
    counts.launches++;
    counts.blocks += blocks;
    counts.multiplyAdds += grid.multiplyAdds - before;
    counts.seconds += (milliseconds() - start) * 1e-3;
    s.counts.launches++;
    s.counts.blocks += blocks;
    s.counts.multiplyAdds += long(grid.multiplyAdds - before);
    return failure.code != 0 ? failure : checkSurroundings(function, parameters);
}

int checkShape(const Function& function, dim3 grids, dim3 block, unsigned shared) {
    const char* name = function.kernel->name.c_str();
    unsigned long long threads = 1ull * block.x * block.y * block.z;
    if (grids.x == 0 || grids.y == 0 || grids.z == 0 || grids.x > 2147483647u || grids.y > 65535 || grids.z > 65535) {
        return report(INVALID_VALUE, "launch of %s: a grid of %u x %u x %u blocks", name, grids.x, grids.y, grids.z);
    }
    if (threads == 0 || block.z > 64 || threads > (unsigned long long)function.kernel->mostThreads) {
        return report(INVALID_VALUE, "launch of %s: a block of %u x %u x %u threads, it may have %d", name, block.x, block.y, block.z,
                      function.kernel->mostThreads);
    }
    if (shared > unsigned(function.mostDynamicShared)) {
        return report(INVALID_VALUE, "launch of %s: %u bytes of dynamic shared memory, it may have %d", name, shared,
                      function.mostDynamicShared);
    }
    return SUCCESS;
}

/** Parameters given as one buffer, with the marks 1 (buffer), 2 (size) and 0 (end). False if they are not complete. */
bool takeBuffer(const Kernel& kernel, void** extra, std::vector<void*>& parameters) {
    char* buffer = nullptr;
    size_t size = 0;
    for (; *extra != nullptr; extra += 2) {
        auto mark = reinterpret_cast<uintptr_t>(*extra);
        buffer = mark == 1 ? static_cast<char*>(extra[1]) : buffer;
        size = mark == 2 ? *static_cast<size_t*>(extra[1]) : size;
    }
    size_t needed = kernel.sizes.empty() ? 0 : kernel.offsets.back() + kernel.sizes.back();
    if (size < needed || (buffer == nullptr && needed > 0)) {
        return false;
    }
    for (size_t offset : kernel.offsets) {
        parameters.push_back(buffer + offset);
    }
    return true;
}

} // namespace

TOKENWISE_EXPORT CUresult cuModuleLoadData(Handle* module, const void* image) {
    return call("cuModuleLoadData", CONTEXT_OF_THREAD, [&] { return load("cuModuleLoadData", module, image); });
}

TOKENWISE_EXPORT CUresult cuModuleLoadDataEx(Handle* module, const void* image, unsigned, int*, void**) {
    return call("cuModuleLoadDataEx", CONTEXT_OF_THREAD, [&] { return load("cuModuleLoadDataEx", module, image); });
}

TOKENWISE_EXPORT CUresult cuModuleUnload(Handle module) {
    return call("cuModuleUnload", CONTEXT_OF_THREAD, [&] {
        int code = refuseWhileCapturing("cuModuleUnload");
        code = code != SUCCESS ? code : runAll();
        if (code != SUCCESS) {
            return code;
        }
        auto& functions = state().functions;
        for (auto each = functions.begin(); each != functions.end();) {
            each = each->second.module == module ? functions.erase(each) : std::next(each);
        }
        return state().modules.erase(module) == 1 ? int(SUCCESS) : report(INVALID_HANDLE, "cuModuleUnload: no such module");
    });
}

TOKENWISE_EXPORT CUresult cuModuleGetFunction(Handle* function, Handle module, const char* name) {
    return call("cuModuleGetFunction", CONTEXT_OF_THREAD, [&] {
        auto found = state().modules.find(module);
        if (found == state().modules.end()) {
            return report(INVALID_HANDLE, "cuModuleGetFunction: no such module");
        }
        const Source* source = found->second.source;
        const Kernel* kernel = source->find(name);
        if (kernel == nullptr) {
            return report(NOT_FOUND, "cuModuleGetFunction: %s has no kernel %s", source->name.c_str(), name);
        }
        for (auto& [handle, each] : state().functions) {
            if (each.module == module && each.kernel == kernel) {
                *function = handle;
                return int(SUCCESS);
            }
        }
        *function = state().newHandle();
        state().functions[*function] = {module, source, kernel};
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuFuncSetAttribute(Handle handle, int attribute, int value) {
    return call("cuFuncSetAttribute", CONTEXT_OF_THREAD, [&] {
        Function* function = findFunction(handle);
        if (function == nullptr) {
            return report(INVALID_HANDLE, "cuFuncSetAttribute: no such function");
        }
        if (attribute == 9) {
            return int(SUCCESS); // a preference of shared memory over cache: nothing to do
        }
        if (attribute != 8 || value < 0 || size_t(value) > state().sharedLimit) {
            return report(INVALID_VALUE, "cuFuncSetAttribute: attribute %d cannot be %d", attribute, value);
        }
        function->mostDynamicShared = value;
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuFuncGetAttribute(int* value, int attribute, Handle handle) {
    return call("cuFuncGetAttribute", CONTEXT_OF_THREAD, [&] {
        Function* function = findFunction(handle);
        if (function == nullptr) {
            return report(INVALID_HANDLE, "cuFuncGetAttribute: no such function");
        }
        switch (attribute) {
            case 0:
                *value = function->kernel->mostThreads;
                return int(SUCCESS);
            case 4: // registers: not known here
                *value = 32;
                return int(SUCCESS);
            case 5:
            case 6:
                *value = 90;
                return int(SUCCESS);
            case 8:
                *value = function->mostDynamicShared;
                return int(SUCCESS);
            default: // static shared, constant and local memory are not known either
                *value = 0;
                return attribute >= 0 && attribute <= 15 ? int(SUCCESS) : int(INVALID_VALUE);
        }
    });
}

TOKENWISE_EXPORT CUresult cuFuncGetParamInfo(Handle handle, size_t index, size_t* offset, size_t* size) {
    return call("cuFuncGetParamInfo", CONTEXT_OF_THREAD, [&] {
        Function* function = findFunction(handle);
        if (function == nullptr) {
            return report(INVALID_HANDLE, "cuFuncGetParamInfo: no such function");
        }
        if (index >= function->kernel->sizes.size()) {
            return int(INVALID_VALUE);
        }
        *offset = function->kernel->offsets[index];
        if (size != nullptr) {
            *size = function->kernel->sizes[index];
        }
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Handle handle, int blockSize, size_t shared) {
    return call("cuOccupancyMaxActiveBlocksPerMultiprocessor", CONTEXT_OF_THREAD, [&] {
        Function* function = findFunction(handle);
        if (function == nullptr || blockSize <= 0) {
            return report(INVALID_HANDLE, "cuOccupancyMaxActiveBlocksPerMultiprocessor: no such function, or no threads");
        }
        size_t byThreads = blockSize > function->kernel->mostThreads ? 0 : 2048 / size_t(blockSize);
        *blocks = int(std::min({size_t(32), byThreads, 228 * 1024 / (shared + 1024)}));
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuLaunchKernel(Handle handle, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                                         unsigned blockZ, unsigned shared, Handle stream, void** parameters, void** extra) {
    return call("cuLaunchKernel", CONTEXT_OF_THREAD, [&] {
        Function* function = findFunction(handle);
        if (function == nullptr) {
            return report(INVALID_HANDLE, "cuLaunchKernel: no such function");
        }
        dim3 grids(gridX, gridY, gridZ), block(blockX, blockY, blockZ);
        int code = checkShape(*function, grids, block, shared);
        if (code != SUCCESS) {
            return code;
        }
        std::vector<void*> taken;
        if (extra != nullptr && !takeBuffer(*function->kernel, extra, taken)) {
            return report(INVALID_VALUE, "launch of %s: the parameters' buffer is too small", function->kernel->name.c_str());
        }
        if (extra == nullptr && parameters == nullptr && !function->kernel->sizes.empty()) {
            return report(INVALID_VALUE, "launch of %s: no parameters", function->kernel->name.c_str());
        }
        Parameters kept = function->kernel->unpack(extra != nullptr ? taken.data() : parameters);
        auto run = [copy = *function, shape = Shape{grids, block, shared}, kept] { return launchNow(copy, shape, kept); };
        return enqueue("cuLaunchKernel", stream, {Operation::KERNEL, run, nullptr, 0});
    });
}
