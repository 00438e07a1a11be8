package io.tokenwise;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;

/**
 * A folder of a static model of a few words, and what the libraries that write such folders make of it, in doubles: nothing of the engine is asked.
 *
 * @param rows of the table, {@code [rows][values]}, as the file's type rounds them
 */
record StaticFolder(Path path, float[][] rows) {
    static final int WIDTH = 20;

    /** {@code a}, {@code token}, {@code ##s} have the ids 4, 5 and 6, and what is unknown 1; the median token has 5 characters. */
    static final String TOKENIZER = """
            {"version":"1.0","truncation":null,"padding":null,
             "added_tokens":[{"id":2,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
             "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
             "pre_tokenizer":{"type":"BertPreTokenizer"},
             "post_processor":{"type":"TemplateProcessing",
              "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
              "pair":[],
              "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}},
             "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
             "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
              "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"token":5,"##s":6}}}
            """;

    static final int TOKENS = 7;

    static final String MODEL2VEC = """
            {"model_type": "model2vec", "architectures": ["StaticModel"], "tokenizer_name": "BAAI/bge-base-en-v1.5", "apply_pca": 256,
             "apply_zipf": true, "sif_coefficient": 0.0001, "hidden_dim": 256, "seq_length": 1000000, "normalize": %s,
             "embedding_dtype": "float32"}
            """;

    static final String STATIC = "sentence_transformers.models.StaticEmbedding";
    static final String NORMALIZE =
            ", {\"idx\": 1, \"name\": \"1\", \"path\": \"1_Normalize\", \"type\": \"sentence_transformers.models.Normalize\"}";

    /** modules.json whose first is in that folder. */
    static String modules(String path, String type, String others) {
        return "[{\"idx\": 0, \"name\": \"0\", \"path\": \"" + path + "\", \"type\": \"" + type + "\"}" + others + "]";
    }

    /** A tensor of a file. */
    record Stored(String name, String type, int[] shape, double... values) {
        private byte[] bytes() {
            ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
            for (double value : values) {
                switch (type) {
                    case "F64" -> bytes.putDouble(value);
                    case "F32" -> bytes.putFloat((float) value);
                    case "F16" -> bytes.putShort(Float.floatToFloat16((float) value));
                    case "BF16" -> bytes.putShort((short) (Float.floatToRawIntBits((float) value) >>> 16));
                    case "I8" -> bytes.put((byte) value);
                    case "I32" -> bytes.putInt((int) value);
                    default -> bytes.putLong((long) value);
                }
            }
            return Arrays.copyOf(bytes.array(), bytes.position());
        }
    }

    /** Vectors that the type has no need to round. */
    static float[][] random(int rows, String type) {
        var random = new Random(rows);
        var values = new float[rows][WIDTH];
        for (float[] row : values) {
            for (int i = 0; i < WIDTH; i++) {
                double value = type.equals("I8") ? random.nextInt(-127, 128) : random.nextGaussian();
                row[i] = switch (type) {
                    case "F16" -> Float.float16ToFloat(Float.floatToFloat16((float) value));
                    case "BF16" -> Float.intBitsToFloat(Float.floatToRawIntBits((float) value) & 0xFFFF_0000);
                    default -> (float) value;
                };
            }
        }
        return values;
    }

    /** The table as a tensor. */
    static Stored table(String name, String type, float[][] rows) {
        double[] values = Arrays.stream(rows)
                .flatMapToDouble(row -> {
                    var doubles = new double[row.length];
                    Arrays.setAll(doubles, i -> row[i]);
                    return Arrays.stream(doubles);
                })
                .toArray();
        return new Stored(name, type, new int[] {rows.length, WIDTH}, values);
    }

    /** model2vec's files with a table of a row for each token, and modules.json as it writes that. */
    static StaticFolder model2vec(Path path, boolean normalize, String type, Stored... others) throws IOException {
        return model2vec(path, normalize, type, TOKENS, others);
    }

    /** The same with a table of so many rows. */
    static StaticFolder model2vec(Path path, boolean normalize, String type, int count, Stored... others)
            throws IOException {
        float[][] rows = random(count, type);
        var tensors = new ArrayList<Stored>(List.of(table("embeddings", type, rows)));
        tensors.addAll(List.of(others));
        Files.writeString(path.resolve("config.json"), MODEL2VEC.formatted(normalize));
        Files.writeString(path.resolve("modules.json"), modules(".", STATIC, normalize ? NORMALIZE : ""));
        Files.writeString(path.resolve("tokenizer.json"), TOKENIZER);
        weights(path, tensors);
        return new StaticFolder(path, rows);
    }

    /** sentence-transformers' files, whose table is in a folder of its own unless that has no name. */
    static StaticFolder sentence(Path path, String own, String type, String others) throws IOException {
        float[][] rows = random(TOKENS, "F32");
        Path folder = Files.createDirectories(path.resolve(own));
        Files.writeString(path.resolve("modules.json"), modules(own, type, others));
        Files.writeString(
                path.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"token \"}, \"similarity_fn_name\": \"cosine\"}");
        Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
        weights(folder, List.of(table("embedding.weight", "F32", rows)));
        return new StaticFolder(path, rows);
    }

    /** Writes model.safetensors. */
    static void weights(Path folder, List<Stored> tensors) throws IOException {
        var header = new StringJoiner(",", "{", "}");
        ByteBuffer data = ByteBuffer.allocate(
                tensors.stream().mapToInt(tensor -> tensor.bytes().length).sum());
        for (Stored tensor : tensors) {
            int begin = data.position();
            data.put(tensor.bytes());
            header.add("\"" + tensor.name + "\":{\"dtype\":\"" + tensor.type + "\",\"shape\":"
                    + Arrays.toString(tensor.shape) + ",\"data_offsets\":[" + begin + "," + data.position() + "]}");
        }
        byte[] names = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer file =
                ByteBuffer.allocate(8 + names.length + data.capacity()).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(names.length).put(names).put(data.array());
        Files.write(folder.resolve("model.safetensors"), file.array());
    }

    /** The mean of tokens' rows, zeros of none (StaticModel._encode_batch of model2vec, and torch.nn.EmbeddingBag), of length 1 if asked for. */
    double[] mean(boolean normalize, int... ids) {
        return mean(ids, normalize, null, null);
    }

    /** The same of mapped and weighted rows; null if they are not. */
    double[] mean(int[] ids, boolean normalize, int[] mapping, double[] weights) {
        var mean = new double[WIDTH];
        for (int id : ids) {
            float[] row = rows[mapping == null ? id : mapping[id]];
            for (int i = 0; i < WIDTH; i++) {
                mean[i] += (weights == null ? 1 : weights[id]) * row[i] / ids.length;
            }
        }
        double norm = Math.sqrt(Arrays.stream(mean).map(value -> value * value).sum()) + 1e-32;
        return normalize ? Arrays.stream(mean).map(value -> value / norm).toArray() : mean;
    }
}
