package io.tokenwise.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.TorchScript;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * MiniLM in libtorch through DJL: one TorchScript program from token ids to vectors, with Q, K and V as one product and fused attention,
 * without gradients. Texts of one length go without a mask. Callers may run at once.
 */
final class TorchModel implements AutoCloseable {
    private final NDManager manager = TorchScript.newManager();
    private final TorchScript program = TorchPrograms.of("encoder");
    private final IValue weights;

    /** @param threads within one operation, for all of libtorch in this process */
    TorchModel(int threads) throws IOException {
        JniUtils.setNumThreads(threads);
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            weights = IValue.listFrom(TorchWeights.of(minilm, manager));
        }
    }

    Contender contender() {
        PaddedBatches batches = PaddedBatches.BY_LENGTH;
        return new Contender(
                "libtorch-f32",
                "libtorch f32",
                "libtorch",
                "dense",
                1,
                "cpu",
                "f32",
                true,
                false,
                _ -> 1,
                () -> texts -> batches.encode(texts, this::run));
    }

    private void run(List<int[]> texts, int[] order, int from, int to, int length, float[][] vectors) {
        int count = to - from;
        var ids = new long[count * length];
        var mask = new boolean[count * length];
        boolean padded = false;
        for (int i = from; i < to; i++) {
            int[] text = texts.get(order[i]);
            int at = (i - from) * length;
            for (int t = 0; t < text.length; t++) {
                ids[at + t] = text[t];
            }
            Arrays.fill(mask, at, at + text.length, true);
            padded |= text.length < length;
        }
        try (NDManager scope = manager.newSubManager();
                IValue idValue = IValue.from((PtNDArray) scope.create(ids, new Shape(count, length)));
                IValue maskValue = IValue.from(mask(scope, padded ? mask : new boolean[0], count));
                IValue result = program.run(idValue, maskValue, weights)) {
            NDArray y = result.toTensor((PtNDManager) scope);
            float[] values = y.toFloatArray();
            int hidden = values.length / count;
            for (int i = from; i < to; i++) {
                vectors[order[i]] = Arrays.copyOfRange(values, (i - from) * hidden, (i - from + 1) * hidden);
            }
        }
    }

    private static PtNDArray mask(NDManager scope, boolean[] mask, int texts) {
        var bytes = ByteBuffer.allocateDirect(mask.length);
        for (boolean visible : mask) {
            bytes.put((byte) (visible ? 1 : 0));
        }
        Shape shape = mask.length == 0 ? new Shape(0) : new Shape(texts, mask.length / texts);
        return (PtNDArray) scope.create(bytes.flip(), shape, DataType.BOOLEAN);
    }

    @Override
    public void close() {
        weights.close();
        program.close();
        manager.close();
    }
}
