package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A folder as OpenSearch's sparse encoders have it, whose queries are looked up in a table, with random weights.
 *
 * @param weights the table's, one for each token
 */
record RouterFolder(Path folder, float[] weights) {
    static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(1)
            .withConcurrentCalls(1)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    static final int WORDS = 30_522;
    static final String TABLE = "query_0_SparseStaticEmbedding/";

    static final String MODULES = """
            [
              {
                "idx": 0,
                "name": "0",
                "path": "",
                "type": "sentence_transformers.models.Router"
              }
            ]""";

    static final String ROUTER = """
            {
                "types": {
                    "query_0_SparseStaticEmbedding": "sentence_transformers.sparse_encoder.models.SparseStaticEmbedding.SparseStaticEmbedding",
                    "": "sentence_transformers.sparse_encoder.models.MLMTransformer.MLMTransformer",
                    "document_1_SpladePooling": "sentence_transformers.sparse_encoder.models.SpladePooling.SpladePooling"
                },
                "structure": {
                    "query": [
                        "query_0_SparseStaticEmbedding"
                    ],
                    "document": [
                        "",
                        "document_1_SpladePooling"
                    ]
                },
                "parameters": {
                    "default_route": "document",
                    "allow_empty_key": true
                }
            }""";

    static final String POOLING = """
            {
                "pooling_strategy": "max",
                "activation_function": "log1p_relu",
                "word_embedding_dimension": null
            }""";

    static final String FROZEN = """
            {
                "frozen": true
            }""";

    static RouterFolder write(Path folder) throws IOException {
        SparseEncoderTest.write(folder, "bert", "bert", "Bert", "bert.", Map.of());
        var random = new Random(3);
        var model = new RouterFolder(folder, new float[WORDS]);
        for (int i = 0; i < WORDS; i++) {
            // Those that training does not freeze may go below 0; some words are worth nothing.
            model.weights[i] = i % 7 == 0 ? 0 : (float) (4 + 3 * random.nextGaussian());
        }
        model.write("modules.json", MODULES);
        model.write("router_config.json", ROUTER);
        model.write("document_1_SpladePooling/config.json", POOLING);
        model.write(TABLE + "config.json", FROZEN);
        model.write(
                TABLE + "tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", \"model_max_length\": 512}");
        model.write(TABLE + "tokenizer.json", Files.readString(folder.resolve("tokenizer.json")));
        model.writeTable(model.weights, WORDS);
        return model;
    }

    void write(String file, String text) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    void writeTable(float[] values, long... shape) throws IOException {
        SafetensorsWriter.write(
                folder.resolve(TABLE + "model.safetensors"),
                Map.of("weight", new TensorData(shape, MemorySegment.ofArray(values))),
                Map.of());
    }

    void change(String file, String good, String bad) throws IOException {
        String text = Files.readString(folder.resolve(file));
        assertThat(text).contains(good);
        write(file, text.replace(good, bad));
    }

    SparseEncoder open() throws IOException {
        return SparseEncoder.open(folder.toString(), OPTIONS);
    }

    /** What Python gives: ones at the text's ids, times the table. */
    SparseVector plain(Tokenizer tokenizer, String query, int most) {
        var found = new TreeMap<Integer, Float>();
        int[] all = tokenizer.encodeAll(query);
        for (int i = 0; i < Math.min(most, all.length); i++) {
            if (weights[all[i]] != 0) {
                found.put(all[i], weights[all[i]]);
            }
        }
        var values = new float[found.size()];
        int at = 0;
        for (float value : found.values()) {
            values[at++] = value;
        }
        return new SparseVector(found.keySet().stream().mapToInt(id -> id).toArray(), values);
    }
}
