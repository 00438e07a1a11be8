// What only tests call: permission, chance, limits, errors on request, and what was counted. FakeControls in Java calls them.
#include "streams.h"

using namespace tokenwise;

namespace {

long copyText(const std::string& text, char* target, long size) {
    if (size > 0) {
        size_t length = std::min(text.size(), size_t(size) - 1);
        memcpy(target, text.data(), length);
        target[length] = 0;
    }
    return long(text.size());
}

} // namespace

/** From here on cuInit finds a device. */
TOKENWISE_EXPORT void fakeCudaAllow(int allowed) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().allowed = allowed != 0;
    state().initialized = state().initialized && allowed != 0;
}

/** As at the beginning, but that permission stays: no context, no memory, nothing counted, nothing asked for. */
TOKENWISE_EXPORT void fakeReset() {
    State& s = state();
    std::lock_guard<std::recursive_mutex> hold(s.lock);
    s.initialized = false;
    destroyContext();
    s.leaksOfLastContext.clear();
    s.lastError.clear();
    s.failAt = 0;
    s.failCompile = 0;
    s.failCall.clear();
    s.seed = 0;
    s.memoryLimit = State::DEFAULT_LIMIT;
    s.sharedLimit = State::MOST_SHARED;
    s.multiprocessors = 132;
    s.capability = 90;
    s.findsNothing = false;
    s.refusedRows = 0;
    s.counts = {};
    s.kernels.clear();
}

/** 0: work runs as late as it may and in plain order. Else chance chooses streams, nodes of graphs, blocks, warps and lanes. */
TOKENWISE_EXPORT void fakeSeed(long seed) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().seed = (unsigned long long)seed;
    state().random = (unsigned long long)seed * 0x9e3779b97f4a7c15ull | 1;
}

TOKENWISE_EXPORT void fakeMemoryLimit(long bytes) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().memoryLimit = size_t(bytes);
}

TOKENWISE_EXPORT void fakeSharedLimit(int bytes) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().sharedLimit = size_t(bytes);
}

TOKENWISE_EXPORT void fakeMultiprocessors(int count) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().multiprocessors = count;
}

/** Ten times the first number and the second: 90 is 9.0. */
TOKENWISE_EXPORT void fakeCapability(int capability) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().capability = capability;
}

/** The n-th call of the driver from now, 1 being the next, does nothing and returns the error; 0 takes the wish back. */
TOKENWISE_EXPORT void fakeFailAt(long n, int error) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().failAt = n;
    state().failWith = error;
}

/** The next call of this function of the driver does nothing and returns the error. */
TOKENWISE_EXPORT void fakeFailCall(const char* name, int error) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().failCall = name;
    state().failWith = error;
}

/** The next compilation returns this error of NVRTC. */
TOKENWISE_EXPORT void fakeFailCompile(int error) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    state().failCompile = error;
}

/** Copies the counts, as many as there is room for, and returns how many there are. */
TOKENWISE_EXPORT int fakeCounts(long* counts, int room) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    constexpr int COUNT = sizeof(Counts) / sizeof(long);
    memcpy(counts, &state().counts, size_t(std::min(room, COUNT)) * sizeof(long));
    return COUNT;
}

/** One line a kernel: name, launches, blocks, multiply-adds of tensor instructions, microseconds. Returns the text's length. */
TOKENWISE_EXPORT long fakeKernels(char* text, long size) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    std::string lines;
    for (auto& [name, each] : state().kernels) {
        char line[300];
        snprintf(line, sizeof line, "%s %ld %ld %llu %.0f\n", name.c_str(), each.launches, each.blocks, each.multiplyAdds, each.seconds * 1e6);
        lines += line;
    }
    return copyText(lines, text, size);
}

/** One line for each thing that is not given back or, without a context, was not when the last one ended. Returns the text's length. */
TOKENWISE_EXPORT long fakeLeaks(char* text, long size) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    return copyText(state().retained > 0 ? listLeaks() : state().leaksOfLastContext, text, size);
}

/** More about the last error than its number: kernel, thread, address. Returns the text's length. */
TOKENWISE_EXPORT long fakeLastError(char* text, long size) {
    std::lock_guard<std::recursive_mutex> hold(state().lock);
    return copyText(state().lastError, text, size);
}
