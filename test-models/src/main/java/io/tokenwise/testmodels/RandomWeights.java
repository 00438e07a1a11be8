package io.tokenwise.testmodels;

import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelShapes;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.SpeechDescription;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Weights of models that only have to be there. */
final class RandomWeights {
    private RandomWeights() {}

    /** Writes a model directory. */
    static void write(Path folder, SpeechDescription description) throws IOException {
        ModelWriter.write(folder, description, of(description), null, ModelWriter.Existing.KEEP);
    }

    /** The tensors of a model by their names: gains are around 1, all else is around 0. */
    static Map<String, TensorData> of(ModelDescription description) {
        var random = new SplittableRandom(7);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        ModelShapes.of(description).tensors().forEach((name, shape) -> {
            var values = new float[(int) Arrays.stream(shape).reduce(1, Math::multiplyExact)];
            double mean = name.endsWith("norm.weight") || name.endsWith("Norm.weight") ? 1 : 0;
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + 0.3 * random.nextGaussian());
            }
            tensors.put(name, new TensorData(shape, MemorySegment.ofArray(values)));
        });
        return tensors;
    }
}
