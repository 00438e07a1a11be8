package io.tokenwise.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextArchitecture;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A BERT's weights as libtorch's tensors, in the order in which the TorchScript programs take them. */
record TorchWeights(WeightSource source, NDManager manager) {
    /** Five of the embeddings, then twelve of each layer, Q, K and V as one. */
    static PtNDArray[] of(ModelFiles files, NDManager manager) {
        var weights = new TorchWeights(files.weights(), manager);
        TextArchitecture sizes = files.text().architecture();
        List<NDArray> all = new ArrayList<>();
        all.add(weights.get("embeddings.word_embeddings.weight"));
        all.add(weights.get("embeddings.position_embeddings.weight"));
        all.add(weights.get("embeddings.token_type_embeddings.weight").get(0));
        weights.norm(all, "embeddings.LayerNorm");
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "encoder.layer." + i + ".";
            for (String part : List.of(".weight", ".bias")) {
                NDArray query = weights.get(layer + "attention.self.query" + part);
                NDArray key = weights.get(layer + "attention.self.key" + part);
                NDArray value = weights.get(layer + "attention.self.value" + part);
                all.add(query.concat(key).concat(value));
            }
            weights.linear(all, layer + "attention.output.dense");
            weights.norm(all, layer + "attention.output.LayerNorm");
            weights.linear(all, layer + "intermediate.dense");
            weights.linear(all, layer + "output.dense");
            weights.norm(all, layer + "output.LayerNorm");
        }
        return all.toArray(PtNDArray[]::new);
    }

    private void linear(List<NDArray> all, String name) {
        all.add(get(name + ".weight"));
        all.add(get(name + ".bias"));
    }

    private void norm(List<NDArray> all, String name) {
        linear(all, name);
    }

    private NDArray get(String name) {
        long[] shape = source.shape(name);
        long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(ValueLayout.JAVA_FLOAT, count);
            source.read(name, values);
            return manager.create(values.toArray(ValueLayout.JAVA_FLOAT), new Shape(shape));
        }
    }
}
