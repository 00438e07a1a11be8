package io.tokenwise.bench;

import java.util.List;
import java.util.function.Function;

/**
 * One way to turn token ids into vectors.
 *
 * @param label its name for people
 * @param engine {@code tokenwise} or {@code onnxruntime}
 * @param model {@code dense} or {@code acm}
 * @param budget share of the replaced layers' FLOPs, 0..1; 1 for {@code dense}
 * @param backend what computes within the engine
 * @param precision {@code f32} or {@code int8}
 * @param exact whether its vectors must equal those of the dense float32 model
 * @param encode texts' token ids to their vectors, of length 1
 */
record Contender(
        String label,
        String engine,
        String model,
        double budget,
        String backend,
        String precision,
        boolean exact,
        Function<List<int[]>, float[][]> encode) {}
