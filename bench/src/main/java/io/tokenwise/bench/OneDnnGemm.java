package io.tokenwise.bench;

import io.tokenwise.natives.Binding;
import io.tokenwise.natives.DataType;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Product;
import io.tokenwise.natives.ProductSpec;
import io.tokenwise.natives.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** The same products by oneDNN in float32, one call each over all rows, with weights that are packed before. */
final class OneDnnGemm implements GemmContender {
    private final Arena arena = Arena.ofShared();
    private final int rows;
    private final List<Binding> bindings = new ArrayList<>();
    private final List<Weights> weights = new ArrayList<>();
    private final List<MemorySegment> results = new ArrayList<>();

    OneDnnGemm(OneDnn oneDnn, GemmShape shape, float[] a, float[][] matrices) {
        rows = shape.m();
        Product product =
                oneDnn.product(ProductSpec.of(shape.k(), shape.n(), DataType.F32, DataType.F32, DataType.F32));
        MemorySegment left = GemmContender.memory(arena, a);
        MemorySegment scratch = arena.allocate(product.scratchBytes(rows), ALIGNMENT);
        for (float[] matrix : matrices) {
            MemorySegment result = arena.allocate(product.spec().cBytes(rows), ALIGNMENT);
            results.add(result);
            bindings.add(oneDnn.bind(left, result, scratch));
            weights.add(product.pack(
                    GemmContender.memory(arena, matrix), arena.allocate(product.packedBytes(), ALIGNMENT)));
        }
    }

    @Override
    public void run() {
        for (int i = 0; i < bindings.size(); i++) {
            bindings.get(i).run(weights.get(i), rows);
        }
    }

    @Override
    public float result(int weight, int index) {
        return results.get(weight).getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    @Override
    public void close() {
        bindings.forEach(Binding::close);
        weights.forEach(Weights::close);
        arena.close();
    }
}
