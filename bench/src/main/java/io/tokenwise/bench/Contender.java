package io.tokenwise.bench;

import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * One way to turn token ids into vectors.
 *
 * @param name short and unique, by which {@code --only} chooses: {@code onnxruntime-int8}, {@code acm-vector-f32-0.5}
 * @param label its name for people
 * @param engine {@code tokenwise}, {@code onnxruntime} or {@code libtorch}
 * @param model {@code dense} or {@code acm}
 * @param budget share of the replaced layers' FLOPs, 0..1; 1 for {@code dense}
 * @param backend what computes within the engine
 * @param precision {@code f32}, {@code bf16}, {@code s8} or {@code int8}
 * @param exact whether its vectors must equal those of the dense float32 model
 * @param onlyLists whether it is another use of an engine that differs for lists of texts only
 * @param spent the share of the replaced layers' FLOPs that it spends on a scenario; 1 for {@code dense}
 * @param callers opens what one thread may use; callers of one contender may run at once
 */
record Contender(
        String name,
        String label,
        String engine,
        String model,
        double budget,
        String backend,
        String precision,
        boolean exact,
        boolean onlyLists,
        ToDoubleFunction<Scenario> spent,
        Supplier<Caller> callers) {
    /** For one thread at a time. */
    @FunctionalInterface
    interface Caller {
        /** Texts' token ids to their vectors, of length 1. */
        float[][] encode(List<int[]> texts);
    }
}
