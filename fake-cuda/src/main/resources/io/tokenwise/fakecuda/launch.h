// For tests of kernels in C++ alone, without the driver: memory that faults behind its end, and a launch that ends the program with
// one line when a kernel does something wrong.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <vector>

#include "run.h"

namespace tokenwise {

/** An array whose last element touches a page that faults; filled with poison (all bits set: NaN, -1). Never freed. */
template <class T>
class Array {
public:
    explicit Array(size_t size) : count(size) {
        constexpr size_t PAGE = 4096;
        size_t bytes = (size * sizeof(T) + 15) / 16 * 16;
        size_t pages = (bytes + PAGE - 1) / PAGE * PAGE;
        auto* base = static_cast<char*>(
            mmap(nullptr, pages + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        mprotect(base + PAGE, pages, PROT_READ | PROT_WRITE);
        memset(base + PAGE, 0xff, pages);
        data = reinterpret_cast<T*>(base + PAGE + pages - bytes);
    }

    Array(const std::vector<T>& values) : Array(values.size()) { memcpy(data, values.data(), count * sizeof(T)); }

    Array(std::initializer_list<T> values) : Array(std::vector<T>(values)) {}

    T& operator[](size_t i) { return data[i]; }
    const T& operator[](size_t i) const { return data[i]; }
    size_t size() const { return count; }
    operator T*() { return data; }
    operator const T*() const { return data; }

private:
    size_t count;
    T* data;
};

/** The order in which blocks and threads take turns: try several, results must not differ. */
inline unsigned long long launchSeed = 0;

template <class... P, class... A>
Failure tryLaunch(const char* name, void (*kernel)(P...), dim3 grids, dim3 block, size_t sharedBytes, A&&... arguments) {
    Call<P...> call{kernel, std::tuple<P...>(static_cast<P>(arguments)...)};
    return run(name, {grids, block, sharedBytes}, Call<P...>::body, &call, &tokenwiseDynamicShared, launchSeed);
}

template <class... A>
void launchOrExit(A&&... arguments) {
    Failure failure = tryLaunch(arguments...);
    if (failure.code != 0) {
        fprintf(stderr, "error %d: %s\n", failure.code, failure.text);
        exit(1);
    }
}

} // namespace tokenwise

#define launch(kernel, ...) ::tokenwise::launchOrExit(#kernel, kernel, __VA_ARGS__)
