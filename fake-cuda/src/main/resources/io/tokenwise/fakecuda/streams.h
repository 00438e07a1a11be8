// When queued work runs: as late as it may. Nothing runs before somebody waits for it, and then only what must or, with a seed, what
// chance chooses among all streams that could go on; so work that should wait for an event and does not meets data that are not there.
#pragma once

#include <time.h>

#include <algorithm>

#include "state.h"

namespace tokenwise {

inline double milliseconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) * 1e-6;
}

/** A number from 0 up to, not including, the limit. */
inline size_t chance(size_t limit) {
    unsigned long long& x = state().random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return size_t(x >> 11) % limit;
}

/** The stream of a handle, null if it is none. The handle null is the legacy default stream. */
inline Stream* findStream(Handle handle) {
    State& s = state();
    auto found = s.streams.find(handle);
    if (found != s.streams.end()) {
        return found->second.get();
    }
    if (handle != nullptr) {
        return nullptr;
    }
    auto stream = std::make_shared<Stream>();
    *stream = {nullptr, true, {}, nullptr, {}};
    return (s.streams[nullptr] = stream).get();
}

inline bool isReady(const Stream& stream) {
    if (stream.work.empty()) {
        return false;
    }
    const Operation& first = stream.work.front();
    return first.kind != Operation::WAIT || first.event->completed >= first.generation;
}

/** Runs the first piece of work of a stream that is ready; false if that broke the context. */
inline bool runFirst(Stream& stream) {
    Operation operation = std::move(stream.work.front());
    stream.work.pop_front();
    if (stream.work.empty()) {
        state().busy.erase(stream.handle);
    }
    if (operation.kind == Operation::RECORD) {
        operation.event->completed = operation.generation;
        operation.event->milliseconds = milliseconds();
    } else if (operation.kind != Operation::WAIT) {
        Failure failure = operation.run();
        if (failure.code != 0) {
            report(failure.code, "%s", failure.text);
            breakContext(failure.code);
            return false;
        }
    }
    return true;
}

/** The stream whose work must go on first for this one's to do so. */
inline Stream* blockerOf(Stream* stream) {
    while (stream != nullptr && !stream->work.empty() && !isReady(*stream)) {
        stream = findStream(stream->work.front().stream);
    }
    return stream;
}

/** Runs work until the stream has none left, or is past the record of an event. Returns the error that broke the context, or 0. */
inline int runUntil(Stream* target, const Event* event = nullptr, long generation = 0) {
    State& s = state();
    auto done = [&] { return event != nullptr ? event->completed >= generation : target->work.empty(); };
    while (!done()) {
        Stream* chosen = blockerOf(target);
        if (s.seed != 0) {
            std::vector<Stream*> ready;
            for (auto& [handle, stream] : s.busy) {
                if (isReady(*stream)) {
                    ready.push_back(stream);
                }
            }
            chosen = ready.empty() ? chosen : ready[chance(ready.size())];
        }
        if (chosen == nullptr || !isReady(*chosen)) {
            report(719, "a stream waits for an event of a stream that has no such work any more");
            return breakContext(719);
        }
        if (!runFirst(*chosen)) {
            return s.broken;
        }
    }
    return SUCCESS;
}

inline int runAll(bool blockingOnly = false) {
    std::vector<std::shared_ptr<Stream>> all;
    for (auto& [handle, stream] : state().busy) {
        all.push_back(state().streams.at(handle));
    }
    for (auto& stream : all) {
        int code = blockingOnly && !stream->blocking ? SUCCESS : runUntil(stream.get());
        if (code != SUCCESS) {
            return code;
        }
    }
    return SUCCESS;
}

inline int invalidate(Capture& capture, int code, const char* why) {
    capture.invalid = true;
    return report(code, "%s: not while a stream is capturing; the capture is lost", why);
}

/** Calls that a capture forbids to its thread, or to all threads if its mode is global. */
inline int refuseWhileCapturing(const char* name) {
    for (auto& capture : state().captures) {
        if (capture->mode == 0 || (capture->mode == 1 && pthread_equal(capture->thread, pthread_self()))) {
            return invalidate(*capture, STREAM_CAPTURE_UNSUPPORTED, name);
        }
    }
    return SUCCESS;
}

/** Puts work into a stream, or into the graph that it captures. */
inline int enqueue(const char* name, Handle handle, Operation operation) {
    Stream* stream = findStream(handle);
    if (stream == nullptr) {
        return report(INVALID_HANDLE, "%s: no such stream", name);
    }
    if (Capture* capture = stream->capture.get()) {
        if (capture->invalid) {
            return report(STREAM_CAPTURE_INVALIDATED, "%s: the capture is lost already", name);
        }
        capture->graph->nodes.push_back({std::move(operation), stream->last});
        stream->last = {int(capture->graph->nodes.size()) - 1};
        return SUCCESS;
    }
    if (handle == nullptr && !state().captures.empty()) {
        return invalidate(*state().captures.front(), 906, name);
    }
    // The legacy default stream and those that were not made non-blocking wait for each other.
    int code = handle == nullptr ? runAll(true) : stream->blocking ? runUntil(findStream(nullptr)) : SUCCESS;
    if (code != SUCCESS) {
        return code;
    }
    stream->work.push_back(std::move(operation));
    state().busy[handle] = stream;
    return SUCCESS;
}

} // namespace tokenwise
