// Stream capture and graphs.
#include "streams.h"

using namespace tokenwise;

namespace {

std::shared_ptr<Graph> find(const std::map<Handle, std::shared_ptr<Graph>>& all, Handle handle) {
    auto found = all.find(handle);
    return found == all.end() ? nullptr : found->second;
}

/** All nodes run in an order that their edges allow: as they were captured or, with a seed, by chance. */
Failure runGraph(const Graph& graph) {
    size_t count = graph.nodes.size();
    std::vector<bool> done(count);
    for (size_t ran = 0; ran < count; ran++) {
        std::vector<size_t> ready;
        for (size_t i = 0; i < count; i++) {
            auto& after = graph.nodes[i].after;
            bool free = std::all_of(after.begin(), after.end(), [&](int node) { return done[size_t(node)]; });
            if (!done[i] && free) {
                ready.push_back(i);
                if (state().seed == 0) {
                    break;
                }
            }
        }
        size_t chosen = ready[state().seed == 0 ? 0 : chance(ready.size())];
        Failure failure = graph.nodes[chosen].operation.run();
        if (failure.code != 0) {
            return failure;
        }
        done[chosen] = true;
    }
    return {};
}

/** Whether all that other streams put into the capture comes before what its first stream ends with. */
bool isJoined(const Capture& capture, const Stream& origin) {
    std::vector<bool> reached(capture.graph->nodes.size());
    std::vector<int> open = origin.last;
    while (!open.empty()) {
        int node = open.back();
        open.pop_back();
        if (!reached[size_t(node)]) {
            reached[size_t(node)] = true;
            auto& after = capture.graph->nodes[size_t(node)].after;
            open.insert(open.end(), after.begin(), after.end());
        }
    }
    return std::all_of(reached.begin(), reached.end(), [](bool each) { return each; });
}

void endCapture(const std::shared_ptr<Capture>& capture) {
    State& s = state();
    for (auto& [handle, stream] : s.streams) {
        if (stream->capture == capture) {
            stream->capture = nullptr;
            stream->last.clear();
        }
    }
    s.captures.erase(std::find(s.captures.begin(), s.captures.end(), capture));
}

} // namespace

TOKENWISE_EXPORT CUresult cuStreamBeginCapture_v2(Handle handle, int mode) {
    return call("cuStreamBeginCapture_v2", CONTEXT_OF_THREAD, [&] {
        Stream* stream = findStream(handle);
        if (stream == nullptr) {
            return report(INVALID_HANDLE, "cuStreamBeginCapture_v2: no such stream");
        }
        if (handle == nullptr) {
            return report(STREAM_CAPTURE_UNSUPPORTED, "cuStreamBeginCapture_v2: the legacy default stream captures nothing");
        }
        if (stream->capture != nullptr || mode < 0 || mode > 2) {
            return report(ILLEGAL_STATE, "cuStreamBeginCapture_v2: the stream is capturing already, or no such mode");
        }
        auto capture = std::make_shared<Capture>();
        capture->origin = handle;
        capture->mode = mode;
        capture->thread = pthread_self();
        stream->capture = capture;
        stream->last.clear();
        state().captures.push_back(capture);
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuStreamIsCapturing(Handle handle, int* status) {
    return call("cuStreamIsCapturing", CONTEXT_OF_THREAD, [&] {
        Stream* stream = findStream(handle);
        if (stream == nullptr) {
            return report(INVALID_HANDLE, "cuStreamIsCapturing: no such stream");
        }
        *status = stream->capture == nullptr ? 0 : stream->capture->invalid ? 2 : 1;
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuStreamEndCapture(Handle handle, Handle* graph) {
    return call("cuStreamEndCapture", CONTEXT_OF_THREAD, [&] {
        *graph = nullptr;
        Stream* stream = findStream(handle);
        if (stream == nullptr) {
            return report(INVALID_HANDLE, "cuStreamEndCapture: no such stream");
        }
        auto capture = stream->capture;
        if (capture == nullptr) {
            return report(ILLEGAL_STATE, "cuStreamEndCapture: the stream is not capturing");
        }
        if (capture->origin != handle) {
            return invalidate(*capture, STREAM_CAPTURE_UNMATCHED, "cuStreamEndCapture of another stream");
        }
        if (capture->mode != 2 && !pthread_equal(capture->thread, pthread_self())) {
            return report(STREAM_CAPTURE_WRONG_THREAD, "cuStreamEndCapture: another thread began the capture");
        }
        bool joined = isJoined(*capture, *stream);
        endCapture(capture);
        if (capture->invalid) {
            return report(STREAM_CAPTURE_INVALIDATED, "cuStreamEndCapture: an earlier call made the capture invalid");
        }
        if (!joined) {
            return report(STREAM_CAPTURE_UNJOINED, "cuStreamEndCapture: another stream's work was not waited for");
        }
        *graph = state().newHandle();
        state().graphs[*graph] = capture->graph;
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuGraphInstantiateWithFlags(Handle* executable, Handle graphHandle, unsigned long long) {
    return call("cuGraphInstantiateWithFlags", CONTEXT_OF_THREAD, [&] {
        auto graph = find(state().graphs, graphHandle);
        int code = refuseWhileCapturing("cuGraphInstantiateWithFlags");
        if (graph == nullptr || code != SUCCESS) {
            return code != SUCCESS ? code : report(INVALID_HANDLE, "cuGraphInstantiateWithFlags: no such graph");
        }
        *executable = state().newHandle();
        state().executables[*executable] = std::make_shared<Graph>(*graph);
        return int(SUCCESS);
    });
}

namespace {

struct UpdateResult {
    int result;
    Handle errorNode, errorFromNode;
};

} // namespace

TOKENWISE_EXPORT CUresult cuGraphExecUpdate_v2(Handle executable, Handle graphHandle, UpdateResult* result) {
    return call("cuGraphExecUpdate_v2", CONTEXT_OF_THREAD, [&] {
        auto graph = find(state().graphs, graphHandle), old = find(state().executables, executable);
        if (graph == nullptr || old == nullptr) {
            return report(INVALID_HANDLE, "cuGraphExecUpdate_v2: no such graph");
        }
        *result = {0, nullptr, nullptr};
        bool same = graph->nodes.size() == old->nodes.size();
        for (size_t i = 0; same && i < old->nodes.size(); i++) {
            same = graph->nodes[i].after == old->nodes[i].after;
            if (same && graph->nodes[i].operation.kind != old->nodes[i].operation.kind) {
                result->result = 3;
                return report(GRAPH_EXEC_UPDATE_FAILURE, "cuGraphExecUpdate_v2: node %zu is of another kind", i);
            }
        }
        if (!same) {
            result->result = 2;
            return report(GRAPH_EXEC_UPDATE_FAILURE, "cuGraphExecUpdate_v2: the graphs have not the same nodes and edges");
        }
        // A new object: launches that are queued keep the old one, as the real driver's do.
        state().executables[executable] = std::make_shared<Graph>(*graph);
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuGraphLaunch(Handle executable, Handle stream) {
    return call("cuGraphLaunch", CONTEXT_OF_THREAD, [&] {
        auto graph = find(state().executables, executable);
        Stream* target = findStream(stream);
        if (graph == nullptr || target == nullptr) {
            return report(INVALID_HANDLE, "cuGraphLaunch: no such graph or stream");
        }
        if (target->capture != nullptr) {
            return invalidate(*target->capture, STREAM_CAPTURE_UNSUPPORTED, "cuGraphLaunch (graphs in graphs are not simulated)");
        }
        state().counts.graphLaunches++;
        return enqueue("cuGraphLaunch", stream, {Operation::GRAPH, [graph] { return runGraph(*graph); }, nullptr, 0});
    });
}

TOKENWISE_EXPORT CUresult cuGraphUpload(Handle executable, Handle stream) {
    return call("cuGraphUpload", CONTEXT_OF_THREAD, [&] {
        bool known = find(state().executables, executable) != nullptr && findStream(stream) != nullptr;
        return known ? int(SUCCESS) : report(INVALID_HANDLE, "cuGraphUpload: no such graph or stream");
    });
}

TOKENWISE_EXPORT CUresult cuGraphGetNodes(Handle graphHandle, Handle* nodes, size_t* count) {
    return call("cuGraphGetNodes", CONTEXT_OF_THREAD, [&] {
        auto graph = find(state().graphs, graphHandle);
        if (graph == nullptr || nodes != nullptr) {
            return report(graph == nullptr ? INVALID_HANDLE : INVALID_VALUE, "cuGraphGetNodes: only how many is simulated");
        }
        *count = graph->nodes.size();
        return int(SUCCESS);
    });
}

TOKENWISE_EXPORT CUresult cuGraphExecDestroy(Handle executable) {
    return call("cuGraphExecDestroy", CONTEXT_OF_THREAD, [&] {
        return state().executables.erase(executable) == 1 ? int(SUCCESS) : report(INVALID_HANDLE, "cuGraphExecDestroy: no such graph");
    });
}

TOKENWISE_EXPORT CUresult cuGraphDestroy(Handle graph) {
    return call("cuGraphDestroy", CONTEXT_OF_THREAD, [&] {
        return state().graphs.erase(graph) == 1 ? int(SUCCESS) : report(INVALID_HANDLE, "cuGraphDestroy: no such graph");
    });
}
