package io.tokenwise.bench;

import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.GemmCall;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import java.lang.foreign.Arena;

/** The products by our own kernels. */
final class OwnGemm implements GemmContender {
    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final GemmCall call = new GemmCall();
    private final Scratch scratch = new Scratch();
    private final Floats[] packed;
    private final Floats[] results;

    OwnGemm(Kernels kernels, GemmShape shape, float[] a, float[][] weights) {
        this.kernels = kernels;
        call.m = shape.m();
        call.n = shape.n();
        call.k = shape.k();
        call.a = floats(a);
        call.aStride = shape.k();
        call.cStride = shape.n();
        int columns = kernels.gemm().panelColumns();
        int panels = (shape.n() + columns - 1) / columns;
        packed = new Floats[weights.length];
        results = new Floats[weights.length];
        for (int i = 0; i < weights.length; i++) {
            packed[i] = floats(new float[(int) kernels.gemm().packedFloats(shape.k(), shape.n())]);
            kernels.gemm().pack(floats(weights[i]), shape.n(), false, shape.k(), shape.n(), packed[i], 0, panels);
            results[i] = floats(new float[shape.m() * shape.n()]);
        }
    }

    private Floats floats(float[] values) {
        return new Floats(GemmContender.memory(arena, values), 0);
    }

    @Override
    public void run() {
        for (int i = 0; i < packed.length; i++) {
            call.packedB = packed[i];
            call.c = results[i];
            kernels.gemm().multiply(call, 0, call.m, 0, call.n, scratch);
        }
    }

    @Override
    public float result(int weight, int index) {
        return results[weight].get(index);
    }

    @Override
    public void close() {
        arena.close();
    }
}
