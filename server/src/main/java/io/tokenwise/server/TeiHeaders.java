package io.tokenwise.server;

import io.tokenwise.server.observe.ServedInput;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * What text-embeddings-inference says in the headers of an answer: times in whole milliseconds, those of the queue and of computing as means over the inputs.
 *
 * @param backend the name of the one that computed
 * @param characters of the texts
 */
record TeiHeaders(Observation observation, String backend, int characters) {
    Reply tell(Reply reply) {
        long totalMillis = observation.elapsed().toMillis();
        Map<String, Object> headers = Map.of(
                "x-compute-type",
                backend.startsWith("cuda") ? "gpu+optimized" : "cpu",
                "x-compute-time",
                totalMillis,
                "x-compute-characters",
                characters,
                "x-compute-tokens",
                observation.inputs().stream().mapToInt(ServedInput::tokens).sum(),
                "x-total-time",
                totalMillis,
                "x-tokenization-time",
                observation.tokenization().toMillis(),
                "x-queue-time",
                meanMillis(ServedInput::queueMicros),
                "x-inference-time",
                meanMillis(ServedInput::computeMicros));
        Reply told = reply;
        for (var header : headers.entrySet()) {
            told = told.with(header.getKey(), header.getValue().toString());
        }
        return told;
    }

    private long meanMillis(ToLongFunction<ServedInput> micros) {
        return (long) (observation.inputs().stream().mapToLong(micros).average().orElse(0) / 1000);
    }
}
