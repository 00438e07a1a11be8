// All that the simulated driver knows, and what every call goes through. One lock holds for all of it: a process runs one call at a time.
#pragma once

#include <pthread.h>

#include <cstdarg>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api.h"
#include "memory.h"
#include "registry.h"

namespace tokenwise {

struct Event;

/** A piece of work of a stream or a node of a graph. */
struct Operation {
    enum Kind { KERNEL, COPY, FILL, FREE, RECORD, WAIT, GRAPH } kind;
    std::function<Failure()> run;
    std::shared_ptr<Event> event; // of RECORD and WAIT
    long generation = 0;          // which of the event's records
    Handle stream = nullptr;      // of WAIT: where that record was put
};

struct Node {
    Operation operation;
    std::vector<int> after; // nodes that must have run
};

struct Graph {
    std::vector<Node> nodes;
};

/** A capture that goes on: begun in one stream, joined by others through events. */
struct Capture {
    Handle origin;
    int mode;
    pthread_t thread;
    bool invalid = false;
    std::shared_ptr<Graph> graph = std::make_shared<Graph>();
};

struct Stream {
    Handle handle;
    bool blocking;
    std::deque<Operation> work;
    std::shared_ptr<Capture> capture;
    std::vector<int> last; // the nodes that the next captured one comes after
};

struct Event {
    long recorded = 0, completed = 0;
    double milliseconds = 0; // when it last completed
    bool timed = true;
    Handle stream = nullptr;          // where it was last recorded
    std::shared_ptr<Capture> capture; // if that was in a capture
    std::vector<int> nodes;           // and after which nodes
};

struct Module {
    const Source* source;
};

struct Function {
    Handle module;
    const Source* source;
    const Kernel* kernel;
    int mostDynamicShared = 48 * 1024;
};

struct KernelCounts {
    long launches, blocks;
    unsigned long long multiplyAdds;
    double seconds;
};

/** What tests ask for; FakeCounts in Java reads these numbers in this order. */
struct Counts {
    long calls, launches, graphLaunches, allocations, frees, bytesLive, bytesMost, synchronizations;
    long copiesToDevice, bytesToDevice, copiesToHost, bytesToHost, copiesOnDevice, bytesOnDevice, fills;
    long blocks, multiplyAdds, pinnedBytes;
};

struct State {
    std::recursive_mutex lock;
    bool allowed = false, initialized = false;
    int retained = 0;
    int broken = 0; // the error that ended the context
    std::string lastError;

    long failAt = 0; // 0: none
    int failWith = 0, failCompile = 0;
    std::string failCall; // the function whose next call fails; empty: none
    unsigned long long seed = 0, random = 0;
    size_t memoryLimit = DEFAULT_LIMIT;
    size_t sharedLimit = MOST_SHARED; // of a block that asks for it
    int multiprocessors = 132;
    int capability = 90; // ten times the first number and the second
    bool findsNothing = false; // cuBLASLt's heuristic
    int refusedRows = 0;       // a number of rows for which no algorithm of cuBLASLt serves; 0: none
    Counts counts{};
    std::map<std::string, KernelCounts> kernels;
    std::string leaksOfLastContext;

    Memory device{"allocation", 0x200000000000}, pinned{"pinned memory", 0x300000000000};
    std::map<const char*, size_t> registered; // host memory of others

    uintptr_t lastHandle = 0x10000;
    std::map<Handle, std::shared_ptr<Stream>> streams;
    std::map<Handle, Stream*> busy; // those of them that have work
    std::map<Handle, std::shared_ptr<Event>> events;
    std::map<Handle, Module> modules;
    std::map<Handle, Function> functions;
    std::map<Handle, std::shared_ptr<Graph>> graphs, executables;
    std::vector<std::shared_ptr<Capture>> captures;

    static constexpr size_t DEFAULT_LIMIT = size_t(4) << 30, MOST_SHARED = 227 * 1024;

    Handle newHandle() { return reinterpret_cast<Handle>(lastHandle += 16); }
};

inline State& state() {
    // Never destroyed: a daemon thread of the Java virtual machine may call while the process ends.
    static State* only = new State();
    return *only;
}

/** What current context a thread has; not thread_local, for such memory is the kernels' shared memory here. */
inline pthread_key_t currentContextKey() {
    static pthread_key_t key = [] {
        pthread_key_t made;
        pthread_key_create(&made, nullptr);
        return made;
    }();
    return key;
}

/** How many objects of cuBLASLt there are, and that there are none any more. */
size_t libraryObjects();
void forgetLibraryObjects();

inline const Handle CONTEXT = reinterpret_cast<Handle>(uintptr_t(0x7c00));

inline int report(int code, const char* format, ...) {
    char text[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    state().lastError = text;
    return code;
}

inline int breakContext(int code) {
    State& s = state();
    s.broken = code;
    for (auto& [handle, stream] : s.busy) {
        stream->work.clear();
    }
    s.busy.clear();
    return code;
}

/** What a call needs before it may do its work. */
enum Needs { NOTHING, DRIVER, CONTEXT_OF_THREAD };

/** Every call goes through here: the lock, the count, the error that a test asked for, and the errors of a driver not set up. */
template <class Body>
int call(const char* name, Needs needs, Body&& body) {
    State& s = state();
    std::lock_guard<std::recursive_mutex> hold(s.lock);
    s.counts.calls++;
    bool isNumbered = s.failAt > 0 && --s.failAt == 0;
    if (isNumbered || s.failCall == name) {
        s.failCall.clear();
        report(s.failWith, "%s: the error that a test asked for", name);
        return endsContext(s.failWith) ? breakContext(s.failWith) : s.failWith;
    }
    if (needs >= DRIVER && !s.initialized) {
        return report(NOT_INITIALIZED, "%s: before cuInit", name);
    }
    if (needs >= CONTEXT_OF_THREAD) {
        if (pthread_getspecific(currentContextKey()) != CONTEXT || s.retained == 0) {
            return report(INVALID_CONTEXT, "%s: this thread has no current context", name);
        }
        if (s.broken != 0) {
            return s.broken;
        }
    }
    return body();
}

} // namespace tokenwise
