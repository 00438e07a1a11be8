// Streams and events.
#include "streams.h"

using namespace tokenwise;

namespace {

std::shared_ptr<Event> findEvent(Handle handle) {
    auto found = state().events.find(handle);
    return found == state().events.end() ? nullptr : found->second;
}

/** A capturing stream waits for an event, or a stream joins a capture through one. */
int waitInCapture(Stream& stream, const Event& event) {
    if (event.capture == nullptr) {
        return invalidate(*stream.capture, STREAM_CAPTURE_ISOLATION, "cuStreamWaitEvent for an event of no capture");
    }
    if (stream.capture != nullptr && stream.capture != event.capture) {
        stream.capture->invalid = true;
        return invalidate(*event.capture, STREAM_CAPTURE_MERGE, "cuStreamWaitEvent for another capture's event");
    }
    if (stream.capture == nullptr) {
        stream.capture = event.capture;
        stream.last.clear();
    }
    for (int node : event.nodes) {
        if (std::find(stream.last.begin(), stream.last.end(), node) == stream.last.end()) {
            stream.last.push_back(node);
        }
    }
    return SUCCESS;
}

bool goesOn(const Event& event) {
    auto& all = state().captures;
    return event.capture != nullptr && std::find(all.begin(), all.end(), event.capture) != all.end();
}

/** Somebody asks again and again whether work is done: each time a piece of it is. */
int progress(Stream* stream, const Event* event, long generation) {
    bool done = event != nullptr ? event->completed >= generation : stream->work.empty();
    if (done) {
        return SUCCESS;
    }
    Stream* next = blockerOf(stream);
    if (next != nullptr && isReady(*next) && !runFirst(*next)) {
        return state().broken;
    }
    return NOT_READY;
}

} // namespace

TOKENWISE_EXPORT CUresult cuStreamCreate(Handle* handle, unsigned flags) {
    return call("cuStreamCreate", CONTEXT_OF_THREAD, [&] {
        if (flags > 1) {
            return INVALID_VALUE;
        }
        auto stream = std::make_shared<Stream>();
        *stream = {state().newHandle(), flags == 0, {}, nullptr, {}};
        *handle = stream->handle;
        state().streams[*handle] = stream;
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuStreamDestroy_v2(Handle handle) {
    return call("cuStreamDestroy_v2", CONTEXT_OF_THREAD, [&] {
        Stream* stream = handle == nullptr ? nullptr : findStream(handle);
        if (stream == nullptr) {
            return report(INVALID_HANDLE, "cuStreamDestroy_v2: no such stream");
        }
        if (stream->capture != nullptr) {
            return invalidate(*stream->capture, STREAM_CAPTURE_UNSUPPORTED, "cuStreamDestroy_v2");
        }
        int code = runUntil(stream);
        state().busy.erase(handle);
        state().streams.erase(handle);
        return code;
    });
}

TOKENWISE_EXPORT CUresult cuStreamSynchronize(Handle handle) {
    return call("cuStreamSynchronize", CONTEXT_OF_THREAD, [&] {
        Stream* stream = findStream(handle);
        if (stream == nullptr) {
            return report(INVALID_HANDLE, "cuStreamSynchronize: no such stream");
        }
        state().counts.synchronizations++;
        if (stream->capture != nullptr) {
            return invalidate(*stream->capture, STREAM_CAPTURE_UNSUPPORTED, "cuStreamSynchronize");
        }
        return runUntil(stream);
    });
}

TOKENWISE_EXPORT CUresult cuStreamQuery(Handle handle) {
    return call("cuStreamQuery", CONTEXT_OF_THREAD, [&] {
        Stream* stream = findStream(handle);
        if (stream == nullptr) {
            return report(INVALID_HANDLE, "cuStreamQuery: no such stream");
        }
        if (stream->capture != nullptr) {
            return invalidate(*stream->capture, STREAM_CAPTURE_UNSUPPORTED, "cuStreamQuery");
        }
        return progress(stream, nullptr, 0);
    });
}

TOKENWISE_EXPORT CUresult cuStreamWaitEvent(Handle handle, Handle eventHandle, unsigned) {
    return call("cuStreamWaitEvent", CONTEXT_OF_THREAD, [&] {
        Stream* stream = findStream(handle);
        auto event = findEvent(eventHandle);
        if (stream == nullptr || event == nullptr) {
            return report(INVALID_HANDLE, "cuStreamWaitEvent: no such stream or event");
        }
        if (stream->capture != nullptr || goesOn(*event)) {
            return waitInCapture(*stream, *event);
        }
        if (event->recorded == 0) {
            return int(SUCCESS);
        }
        return enqueue("cuStreamWaitEvent", handle, {Operation::WAIT, nullptr, event, event->recorded, event->stream});
    });
}

TOKENWISE_EXPORT CUresult cuEventCreate(Handle* handle, unsigned flags) {
    return call("cuEventCreate", CONTEXT_OF_THREAD, [&] {
        auto event = std::make_shared<Event>();
        event->timed = (flags & 2) == 0;
        *handle = state().newHandle();
        state().events[*handle] = event;
        return SUCCESS;
    });
}

TOKENWISE_EXPORT CUresult cuEventDestroy_v2(Handle handle) {
    return call("cuEventDestroy_v2", CONTEXT_OF_THREAD, [&] {
        return state().events.erase(handle) == 1 ? int(SUCCESS) : report(INVALID_HANDLE, "cuEventDestroy_v2: no such event");
    });
}

TOKENWISE_EXPORT CUresult cuEventRecord(Handle handle, Handle streamHandle) {
    return call("cuEventRecord", CONTEXT_OF_THREAD, [&] {
        Stream* stream = findStream(streamHandle);
        auto event = findEvent(handle);
        if (stream == nullptr || event == nullptr) {
            return report(INVALID_HANDLE, "cuEventRecord: no such stream or event");
        }
        event->capture = stream->capture;
        if (stream->capture != nullptr) {
            event->nodes = stream->last;
            return int(SUCCESS);
        }
        event->stream = streamHandle;
        return enqueue("cuEventRecord", streamHandle, {Operation::RECORD, nullptr, event, ++event->recorded});
    });
}

TOKENWISE_EXPORT CUresult cuEventQuery(Handle handle) {
    return call("cuEventQuery", CONTEXT_OF_THREAD, [&] {
        auto event = findEvent(handle);
        if (event == nullptr) {
            return report(INVALID_HANDLE, "cuEventQuery: no such event");
        }
        if (goesOn(*event)) {
            return invalidate(*event->capture, CAPTURED_EVENT, "cuEventQuery");
        }
        return progress(findStream(event->stream), event.get(), event->recorded);
    });
}

TOKENWISE_EXPORT CUresult cuEventSynchronize(Handle handle) {
    return call("cuEventSynchronize", CONTEXT_OF_THREAD, [&] {
        auto event = findEvent(handle);
        if (event == nullptr) {
            return report(INVALID_HANDLE, "cuEventSynchronize: no such event");
        }
        state().counts.synchronizations++;
        if (goesOn(*event)) {
            return invalidate(*event->capture, CAPTURED_EVENT, "cuEventSynchronize");
        }
        return runUntil(findStream(event->stream), event.get(), event->recorded);
    });
}

TOKENWISE_EXPORT CUresult cuEventElapsedTime(float* result, Handle fromHandle, Handle toHandle) {
    return call("cuEventElapsedTime", CONTEXT_OF_THREAD, [&] {
        auto from = findEvent(fromHandle), to = findEvent(toHandle);
        if (from == nullptr || to == nullptr || !from->timed || !to->timed || from->recorded == 0 || to->recorded == 0) {
            return report(INVALID_HANDLE, "cuEventElapsedTime: an event that does not exist, takes no time or was never recorded");
        }
        if (from->completed < from->recorded || to->completed < to->recorded) {
            return int(NOT_READY);
        }
        *result = float(to->milliseconds - from->milliseconds);
        return int(SUCCESS);
    });
}
