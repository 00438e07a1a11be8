// What ends a launch early, and the signals of bad memory accesses that must not end the process.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

namespace tokenwise {

/** Why a launch ended: the driver's number of the error (0: it did not fail) and a line for a person. */
struct Failure {
    int code;
    char text[600];
};

/** Called for a fault of the thread that is watched, with the address (null if unknown); must not return. */
using FaultExit = void (*)(int signal, const void* address, bool known);

/**
 * Turns faults of one thread into a call while it is watched. All others go where they went before: a Java virtual machine has
 * handlers of its own for the same signals and lives by them.
 */
class FaultGuard {
public:
    explicit FaultGuard(FaultExit exit) {
        install();
        stack_t mine{};
        mine.ss_sp = handlerStack();
        mine.ss_size = STACK_BYTES;
        sigaltstack(&mine, &stackBefore);
        watched() = {true, pthread_self(), exit};
    }

    ~FaultGuard() {
        watched().active = false;
        sigaltstack(&stackBefore, nullptr);
    }

    FaultGuard(const FaultGuard&) = delete;

private:
    struct Watched {
        bool active;
        pthread_t thread;
        FaultExit exit;
    };
    static constexpr size_t STACK_BYTES = 256 * 1024;
    static constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    stack_t stackBefore{};

    static Watched& watched() {
        static Watched value{};
        return value;
    }

    static struct sigaction* before() {
        static struct sigaction actions[4];
        return actions;
    }

    static void* handlerStack() {
        static void* memory =
            mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return memory;
    }

    static void install() {
        static bool done = false;
        if (done) {
            return;
        }
        done = true;
        for (int i = 0; i < 4; i++) {
            struct sigaction action {};
            action.sa_sigaction = handle;
            action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
            sigaction(SIGNALS[i], nullptr, &before()[i]);
            action.sa_mask = before()[i].sa_mask; // whom faults are passed on to may count on it
            sigaction(SIGNALS[i], &action, nullptr);
        }
    }

    static void handle(int signal, siginfo_t* info, void* context) {
        Watched& watch = watched();
        if (!watch.active || !pthread_equal(watch.thread, pthread_self()) || info->si_code <= 0) {
            passOn(signal, info, context);
            return;
        }
        // The exit is not called from here but put in the place of the faulting instruction: returning to it lets the kernel
        // restore the signal mask and leave the handler's stack. The red zone and the alignment of a call are respected.
        auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
        bool known = signal == SIGSEGV && info->si_code != SI_KERNEL;
        static char ownStack[16384] __attribute__((aligned(16)));
        registers[REG_RSP] = reinterpret_cast<greg_t>(ownStack + sizeof ownStack - 128 - 8);
        registers[REG_RDI] = signal;
        registers[REG_RSI] = known ? reinterpret_cast<greg_t>(info->si_addr) : 0;
        registers[REG_RDX] = known;
        registers[REG_RIP] = reinterpret_cast<greg_t>(watch.exit);
    }

    static void passOn(int signal, siginfo_t* info, void* context) {
        for (int i = 0; i < 4; i++) {
            if (SIGNALS[i] != signal) {
                continue;
            }
            const struct sigaction& old = before()[i];
            if (old.sa_flags & SA_SIGINFO) {
                old.sa_sigaction(signal, info, context);
            } else if (old.sa_handler == SIG_DFL) {
                sigaction(signal, &old, nullptr); // the instruction faults again and the process ends as it should
            } else if (old.sa_handler != SIG_IGN) {
                old.sa_handler(signal);
            }
            return;
        }
    }
};

} // namespace tokenwise
