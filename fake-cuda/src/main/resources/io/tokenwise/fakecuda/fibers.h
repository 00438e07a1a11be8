// Switching between the stacks of a block's threads: what ucontext does without its system calls.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

extern "C" {
/** Leaves this stack, whose place goes to *saved, and goes on with another one where that was left. */
__attribute__((visibility("hidden"))) void tokenwiseSwitch(void** saved, void* next);
/** Goes on with a stack and forgets this one. */
__attribute__((visibility("hidden"), noreturn)) void tokenwiseResume(void* next);
}

// By the System V ABI only these registers outlive a call; nobody changes the floating-point modes.
asm(R"(
.section .text.tokenwiseSwitch,"axG",@progbits,tokenwiseSwitch,comdat
.weak tokenwiseSwitch
.hidden tokenwiseSwitch
.type tokenwiseSwitch,@function
tokenwiseSwitch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size tokenwiseSwitch, .-tokenwiseSwitch
.section .text.tokenwiseResume,"axG",@progbits,tokenwiseResume,comdat
.weak tokenwiseResume
.hidden tokenwiseResume
.type tokenwiseResume,@function
tokenwiseResume:
    movq %rdi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size tokenwiseResume, .-tokenwiseResume
.text
)");

namespace tokenwise {

/** The stacks of the threads of a block, made once, with a guard page below each. */
class Stacks {
public:
    static constexpr size_t PAGE = 4096, BYTES = 64 * 1024, STRIDE = BYTES + PAGE;

    /** Where tokenwiseSwitch finds a thread that begins with the function. */
    void* begin(int thread, void (*function)()) {
        if (base == nullptr) {
            reserve();
        }
        if (thread >= guarded) {
            guard(thread + 1);
        }
        // Tops that differ modulo the page: else the stacks of all threads would fight for the same lines of the first-level cache.
        size_t colour = size_t(thread) * 5 % 64 * 64;
        auto** top = reinterpret_cast<void**>(base + (size_t(thread) + 1) * STRIDE - colour);
        *--top = nullptr; // the function's return address, never used; the stack is aligned as after a call
        *--top = reinterpret_cast<void*>(function);
        for (int i = 0; i < 6; i++) {
            *--top = nullptr;
        }
        return top;
    }

    bool inGuard(const void* address) const {
        auto* byte = static_cast<const char*>(address);
        return base != nullptr && byte >= base && byte < base + 1024 * STRIDE && size_t(byte - base) % STRIDE < PAGE;
    }

private:
    char* base = nullptr;
    int guarded = 0;

    void reserve() {
        void* mapped = mmap(nullptr, 1024 * STRIDE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        base = mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
    }

    void guard(int threads) {
        for (; guarded < threads; guarded++) {
            mprotect(base + guarded * STRIDE, PAGE, PROT_NONE);
        }
    }
};

} // namespace tokenwise
