package io.tokenwise.model.open;

import io.tokenwise.HuggingFaceTensors;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.tokenizer.Tokenizer;
import io.tokenwise.tokenizer.TokenizerTest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A BERT of two layers and four values, for tests of folders. */
final class TinyModel {
    static final TextDescription DESCRIPTION = new TextDescription(
            "tiny",
            BertFamily.BERT,
            new BertArchitecture(4, 2, 2, 8, 9, 16, 2, 1e-12),
            12,
            Pooling.FIRST,
            true,
            "q: ",
            "p: ",
            Optional.empty());

    private TinyModel() {}

    /** Random, the same each time. */
    static Map<String, TensorData> tensors() {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        Random random = new Random(6);
        HuggingFaceTensors.of((BertArchitecture) DESCRIPTION.architecture()).forEach((name, shape) -> {
            float[] values = new float[(int) (shape[0] * (shape.length == 2 ? shape[1] : 1))];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextFloat();
            }
            tensors.put(name, new TensorData(shape, MemorySegment.ofArray(values)));
        });
        return tensors;
    }

    static void write(
            Path folder, TextDescription description, Map<String, TensorData> tensors, ModelWriter.Existing existing)
            throws IOException {
        byte[] json = TokenizerTest.SMALL.getBytes(StandardCharsets.UTF_8);
        ModelWriter.write(folder, description, tensors, Tokenizer.open("small", json, 12), existing);
    }
}
