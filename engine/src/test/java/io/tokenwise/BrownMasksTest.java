package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.Array;
import io.tokenwise.references.OrtReference;
import io.tokenwise.references.RandomModel;
import io.tokenwise.testdata.FetchedData;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What BERT-base with its masked-LM head, as Google published it, guesses of hidden tokens of sentences of the Brown corpus, in ONNX Runtime on a graph of the same weights too. With {@code
 * -Dtokenwise.long=true} of 1,000 sentences.
 */
class BrownMasksTest {
    private static final int SENTENCES = Boolean.getBoolean("tokenwise.long") ? 1_000 : 20;

    private static final int WORDS = 30_522;

    private static Path fetched(String name) {
        return FetchedData.find(name)
                .orElseGet(() -> Assumptions.abort(name + " is not here; ./tokenwise fetch " + name + " brings it"));
    }

    @Test
    void theLikeliestTokenIsThatOfOnnxRuntime(@TempDir Path folder) throws IOException {
        Path bert = fetched("bert-base");
        List<String> sentences = sentences(fetched("brown"));
        EngineOptions options = EngineOptions.defaults()
                .withThreads(2)
                .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));
        Path graph = folder.resolve("bert.onnx");
        write(bert, graph);
        int hidden = 0;
        int alike = 0;
        double farthest = 0;
        try (MaskFiller filler = MaskFiller.open(bert.toString(), options);
                OrtReference onnx = OrtReference.open(graph)) {
            Tokenizer tokenizer = filler.model().files().tokenizer();
            int mask = tokenizer.id("[MASK]").orElseThrow();
            var random = new SplittableRandom(1);
            for (String sentence : sentences) {
                int[] ids = tokenizer.encode(sentence, 128).ids();
                // 15 % of the tokens, at least one, as BERT was trained.
                int[] places = random.ints(1, ids.length - 1)
                        .distinct()
                        .limit(Math.max(1, Math.round(.15 * (ids.length - 2))))
                        .sorted()
                        .toArray();
                Arrays.stream(places).forEach(place -> ids[place] = mask);
                float[][] ours = filler.model()
                        .encodeTokens(List.of(ids), List.of(places), List.of(Budget.FULL), Deadline.NONE)[0];
                float[][] all = onnx.run(0, List.of(ids), List.of()).getFirst().part("logits");
                for (int i = 0; i < places.length; i++) {
                    float[] theirs = all[places[i]];
                    hidden++;
                    alike += Classification.likeliest(ours[i]) == Classification.likeliest(theirs) ? 1 : 0;
                    for (int word = 0; word < WORDS; word++) {
                        farthest = Math.max(farthest, Math.abs(ours[i][word] - theirs[word]));
                    }
                }
            }
        }
        System.getLogger(BrownMasksTest.class.getName())
                .log(
                        System.Logger.Level.INFO,
                        "%d sentences, %d hidden tokens, %d alike, largest difference of a logit %.2e"
                                .formatted(sentences.size(), hidden, alike, farthest));
        assertThat(alike).isEqualTo(hidden).isGreaterThanOrEqualTo(SENTENCES);
        assertThat(farthest).isLessThan(1e-3);
    }

    /** Drawn by a seed; words are written as {@code word/part-of-speech}. */
    private static List<String> sentences(Path brown) throws IOException {
        var all = new ArrayList<String>();
        try (Stream<Path> files = Files.walk(brown)) {
            for (Path file : files.filter(path -> path.getFileName().toString().matches("c[a-r]\\d\\d"))
                    .sorted()
                    .toList()) {
                for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                    String sentence = line.strip()
                            .replaceAll("/\\S+", "")
                            .replaceAll("\\s+", " ")
                            .replaceAll(" ([,.;:?!)])", "$1")
                            .replaceAll("`` | ?''", "\"");
                    if (sentence.split(" ").length >= 5) {
                        all.add(sentence);
                    }
                }
            }
        }
        Collections.shuffle(all, new Random(1));
        return all.subList(0, SENTENCES);
    }

    /** In a method of its own, so that the weights are not held while the graph runs. */
    private static void write(Path bert, Path graph) throws IOException {
        Map<String, Array> weights = new LinkedHashMap<>();
        try (ModelFiles files = Models.open(bert).maskedTokens()) {
            WeightSource source = files.weights();
            for (String name : source.names()) {
                if (name.startsWith("embeddings.")
                        || name.startsWith("encoder.")
                        || name.startsWith("cls.predictions.")) {
                    weights.put(name, read(source, name));
                }
            }
        }
        Map<String, Object> config = new LinkedHashMap<>(
                Map.of("model_type", "bert", "hidden_size", 768, "num_hidden_layers", 12, "num_attention_heads", 12));
        config.putAll(Map.of("intermediate_size", 3072, "vocab_size", WORDS, "max_position_embeddings", 512));
        config.putAll(Map.of("type_vocab_size", 2, "layer_norm_eps", 1e-12, "hidden_act", "gelu", "pad_token_id", 0));
        OrtReference.write(new RandomModel("bert", config, weights), false, graph);
    }

    private static Array read(WeightSource source, String name) {
        long[] shape = source.shape(name);
        int count = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(ValueLayout.JAVA_FLOAT, count);
            source.read(name, values);
            return new Array(values.toArray(ValueLayout.JAVA_FLOAT), shape);
        }
    }
}
