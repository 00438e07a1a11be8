package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.image.Image;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every class that a service opens, closed in the midst of calls and called by threads that are interrupted: a call gives what it always gives, or says why not. */
@Timeout(600)
class DoorsUnderFaultsTest {
    private static final EngineOptions OPTIONS = new EngineOptions(2, 64, 2, BackendChoice.FLOAT32, false);
    private static final int CALLERS = 4;
    private static final int ROUNDS = 2;
    private static final int INTERRUPTS = 16;

    private static final List<String> TEXTS =
            List.of("a man [MASK] a letter " + "to his mother ".repeat(9), "rivers run to the [MASK]", "x [MASK]");

    @TempDir
    private static Path folder;

    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();

    /** What is opened: a call that gives something to compare, and its end. */
    private record Open(Supplier<String> call, AutoCloseable door) {}

    private enum Door {
        TEXTS_TO_VECTORS,
        IMAGES,
        SPEECH,
        SCORES,
        CLASSES,
        TOKENS,
        WORDS,
        MASKS,
        LATE;

        Open open() throws IOException {
            String model = folder.resolve(model()).toString();
            return switch (this) {
                case TEXTS_TO_VECTORS -> {
                    var door = TextEncoder.open(model, OPTIONS);
                    yield new Open(
                            () -> door.embed(EmbedRequest.of(TEXTS)).stream()
                                    .map(one -> Arrays.toString(one.vector()))
                                    .toList()
                                    .toString(),
                            door);
                }
                case IMAGES -> {
                    var door = ImageClassifier.open(model, OPTIONS);
                    var image = new Image(12, 12, new int[144]);
                    yield new Open(() -> Arrays.toString(door.classify(image).probabilities()), door);
                }
                case SPEECH -> {
                    var door = SpeechRecognizer.open(model, OPTIONS);
                    float[] noise = TestMoonshines.noise(.5, 1);
                    yield new Open(() -> door.transcribe(noise).toString(), door);
                }
                case SCORES -> {
                    var door = Reranker.open(model, OPTIONS);
                    yield new Open(() -> Arrays.toString(door.scores("who wrote?", TEXTS)), door);
                }
                case CLASSES -> {
                    var door = TextClassifier.open(model, OPTIONS);
                    yield new Open(
                            () -> door.classify(TEXTS, Budget.FULL).stream()
                                    .map(one -> Arrays.toString(one.probabilities()))
                                    .toList()
                                    .toString(),
                            door);
                }
                case TOKENS -> {
                    var door = TokenClassifier.open(model, OPTIONS);
                    yield new Open(
                            () -> door.entities(TEXTS, Aggregation.SIMPLE, Budget.FULL)
                                    .toString(),
                            door);
                }
                case WORDS -> {
                    var door = SparseEncoder.open(model, OPTIONS);
                    yield new Open(
                            () -> door.embed(TEXTS, Budget.FULL).stream()
                                    .map(one -> Arrays.toString(one.weights()))
                                    .toList()
                                    .toString(),
                            door);
                }
                case MASKS -> {
                    var door = MaskFiller.open(model, OPTIONS);
                    yield new Open(
                            () -> door.fill(TEXTS, 3, Budget.FULL, Deadline.NONE)
                                    .toString(),
                            door);
                }
                case LATE -> {
                    var door = LateInteraction.open(model, OPTIONS);
                    yield new Open(() -> Arrays.deepToString(door.embedQuery(TEXTS.get(1))), door);
                }
            };
        }

        private String model() {
            return switch (this) {
                case WORDS, MASKS -> "masked";
                default -> name();
            };
        }
    }

    @BeforeAll
    static void write() throws IOException {
        TestModels.writeSmall(folder.resolve(Door.TEXTS_TO_VECTORS.name()));
        TestVits.writeSmall(folder.resolve(Door.IMAGES.name()));
        TestMoonshines.writeSmall(folder.resolve(Door.SPEECH.name()));
        write(Door.SCORES.name(), "BertForSequenceClassification", "classifiers", Map.of("num_labels", 1));
        write(Door.CLASSES.name(), "BertForSequenceClassification", "classifiers", Map.of("num_labels", 3));
        write(
                Door.TOKENS.name(),
                "BertForTokenClassification",
                "classifiers",
                Map.of("num_labels", 3, "tokens", true, "id2label", Map.of("0", "O", "1", "B-PER", "2", "I-PER")));
        write("masked", "BertForMaskedLM", "masked", Map.of());
        write(Door.LATE.name(), "HF_ColBERT", "colbert", Map.of("dim", 16));
        Files.writeString(folder.resolve(Door.LATE.name()).resolve("artifact.metadata"), """
                {"dim": 16, "query_maxlen": 24, "doc_maxlen": 40, "query_token_id": "[unused0]", "doc_token_id": "[unused1]",
                 "attend_to_mask_tokens": false, "mask_punctuation": true}
                """);
    }

    private static void write(String name, String architecture, String head, Map<String, ?> changes)
            throws IOException {
        var config = new HashMap<String, Object>(
                Map.of("architectures", List.of(architecture), "vocab_size", 30_522, "type_vocab_size", 2));
        config.putAll(changes);
        Path model = folder.resolve(name);
        RandomModel.small("bert", config, 3).with(head, changes, 4).write(model, "bert.");
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
    }

    @ParameterizedTest
    @EnumSource
    void closedInTheMidstOfCalls(Door kind) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Open open = kind.open();
            String expected = open.call.get();
            var callers = new ArrayList<Thread>();
            for (int caller = 0; caller < CALLERS; caller++) {
                Thread.Builder thread = caller % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
                callers.add(thread.start(() -> callUntilClosed(open, expected)));
            }
            Thread.sleep(2L * round);
            open.door.close();
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(failures).isEmpty();
        }
    }

    private void callUntilClosed(Open open, String expected) {
        try {
            while (true) {
                assertThat(open.call.get()).isEqualTo(expected);
            }
        } catch (IllegalStateException e) {
            if (!e.getMessage().equals("the model is closed")) {
                failures.add(e);
            }
        } catch (Throwable e) {
            failures.add(e);
        }
    }

    @ParameterizedTest
    @EnumSource
    void calledByThreadsThatAreInterrupted(Door kind) throws Exception {
        Open open = kind.open();
        try (AutoCloseable _ = open.door) {
            String expected = open.call.get();
            var ended = new AtomicBoolean();
            var callers = new ArrayList<Thread>();
            for (int caller = 0; caller < CALLERS; caller++) {
                Thread.Builder thread = caller % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
                callers.add(thread.start(() -> callUntil(ended, open, expected)));
            }
            for (int i = 0; i < INTERRUPTS; i++) {
                Thread.sleep(1);
                callers.get(i % CALLERS).interrupt();
            }
            ended.set(true);
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(failures).isEmpty();
            assertThat(open.call.get()).isEqualTo(expected);
        }
    }

    private void callUntil(AtomicBoolean ended, Open open, String expected) {
        while (!ended.get()) {
            try {
                assertThat(open.call.get()).isEqualTo(expected);
            } catch (IllegalStateException e) {
                // The interrupt is the caller's: it is told, and it is still there.
                if (!e.getMessage().startsWith("interrupted ")
                        || !Thread.currentThread().isInterrupted()) {
                    failures.add(e);
                }
            } catch (Throwable e) {
                failures.add(e);
                return;
            }
            Thread.interrupted();
        }
    }
}
