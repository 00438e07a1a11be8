// The kernels that this library was built from, by the hash of their source. FakeCuda writes one Source a file and one line a kernel.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "run.h"

namespace tokenwise {

/** A launch's parameters, kept until it runs. */
struct Parameters {
    std::shared_ptr<const void> call;
    void (*body)(const void* call);
    std::vector<const void*> pointers; // null for parameters that are none
};

struct Kernel {
    std::string name;
    int mostThreads;
    std::vector<size_t> sizes, offsets; // of the parameters, as C lays them out one behind the other
    Parameters (*unpack)(void* const* parameters);
};

struct Source {
    std::string name;
    unsigned long long hash;
    unsigned char (**(*dynamicPointer)())[]; // the calling thread's pointer to dynamic shared memory
    std::vector<Kernel> kernels;

    const Kernel* find(const char* kernel) const {
        for (auto& each : kernels) {
            if (each.name == kernel) {
                return &each;
            }
        }
        return nullptr;
    }
};

inline std::vector<const Source*>& sources() {
    // Never destroyed: a daemon thread of the Java virtual machine may call while the process ends.
    static auto* all = new std::vector<const Source*>();
    return *all;
}

inline const Source* findSource(unsigned long long hash) {
    for (auto* each : sources()) {
        if (each->hash == hash) {
            return each;
        }
    }
    return nullptr;
}

/** FNV-1a, as FakeCuda computes it. */
inline unsigned long long hashOf(const char* text) {
    unsigned long long hash = 0xcbf29ce484222325ull;
    for (; *text != 0; text++) {
        hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3ull;
    }
    return hash;
}

struct Registration {
    explicit Registration(const Source& source) { sources().push_back(&source); }
};

template <class... P, size_t... I>
Parameters unpackInto(void (*kernel)(P...), void* const* parameters, std::index_sequence<I...>) {
    auto call = std::make_shared<Call<P...>>(Call<P...>{kernel, std::tuple<P...>(*static_cast<P*>(parameters[I])...)});
    auto pointer = [](auto value) -> const void* {
        if constexpr (std::is_pointer_v<decltype(value)>) {
            return value;
        } else {
            return nullptr;
        }
    };
    std::vector<const void*> pointers{pointer(std::get<I>(call->parameters))...};
    return {call, Call<P...>::body, pointers};
}

template <auto KERNEL, class... P>
Kernel describe(const char* name, int mostThreads, void (*)(P...)) {
    Kernel kernel{name, mostThreads, {sizeof(P)...}, {}, [](void* const* parameters) {
                      return unpackInto<P...>(KERNEL, parameters, std::index_sequence_for<P...>());
                  }};
    size_t alignments[] = {1, alignof(P)...};
    size_t offset = 0;
    for (size_t i = 0; i < kernel.sizes.size(); i++) {
        offset = (offset + alignments[i + 1] - 1) / alignments[i + 1] * alignments[i + 1];
        kernel.offsets.push_back(offset);
        offset += kernel.sizes[i];
    }
    return kernel;
}

/** The first number of __launch_bounds__(threads, blocks); without one a kernel may have blocks of any size. */
constexpr int firstOf(int threads = 1024, int = 0, int = 0) { return threads; }

} // namespace tokenwise

#define TOKENWISE_KERNEL(NAME, ...) ::tokenwise::describe<&NAME>(#NAME, ::tokenwise::firstOf(__VA_ARGS__), &NAME)
