package io.tokenwise.bench.soak;

import static io.tokenwise.bench.soak.SoakInputs.picked;

import io.tokenwise.Aggregation;
import io.tokenwise.EmbedRequest;
import io.tokenwise.Embedding;
import io.tokenwise.Engine;
import io.tokenwise.ImageClassifier;
import io.tokenwise.LateInteraction;
import io.tokenwise.MaskFiller;
import io.tokenwise.Reranker;
import io.tokenwise.SparseEncoder;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TextClassifier;
import io.tokenwise.TextEncoder;
import io.tokenwise.TimedText;
import io.tokenwise.TokenClassifier;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.audio.Sound;
import io.tokenwise.session.OpenModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Every class that a service opens, and how it is asked. */
enum Kind {
    VECTORS(
            Engine::textEncoder,
            TextEncoder::open,
            TextEncoder::model,
            (encoder, all) ->
                    (inputs, budget, deadline) -> bits(encoder.embed(EmbedRequest.of(picked(all.texts(), inputs))
                            .withBudget(budget)
                            .withDeadline(deadline)))),
    /** Without waiting; who is interrupted while the answer is not there cancels. */
    FUTURES(
            Engine::textEncoder,
            TextEncoder::open,
            TextEncoder::model,
            (encoder, all) -> (inputs, budget, deadline) ->
                    bits(await(encoder.embedAsync(EmbedRequest.of(picked(all.texts(), inputs))
                            .withBudget(budget)
                            .withDeadline(deadline))))),
    CLASSES(
            Engine::textClassifier,
            TextClassifier::open,
            TextClassifier::model,
            (classifier, all) -> (inputs, budget, deadline) ->
                    classifier.classify(picked(all.texts(), inputs), budget, deadline).stream()
                            .map(one -> Bits.of(one.probabilities()))
                            .toList()),
    SCORES(Engine::reranker, Reranker::open, Reranker::model, (reranker, all) -> (inputs, budget, deadline) -> {
        float[] scores = reranker.scores("who wrote it?", picked(all.texts(), inputs), budget, deadline);
        return IntStream.range(0, scores.length)
                .mapToObj(i -> Bits.of(scores[i]))
                .toList();
    }),
    TOKENS(
            Engine::tokenClassifier,
            TokenClassifier::open,
            TokenClassifier::model,
            (classifier, all) -> (inputs, budget, deadline) ->
                    classifier.entities(picked(all.texts(), inputs), Aggregation.SIMPLE, budget, deadline).stream()
                            .map(Bits::of)
                            .toList()),
    WORDS(
            Engine::sparseEncoder,
            SparseEncoder::open,
            SparseEncoder::model,
            (encoder, all) ->
                    (inputs, budget, deadline) -> encoder.embed(picked(all.texts(), inputs), budget, deadline).stream()
                            .map(one -> Bits.of(one.ids(), one.weights()))
                            .toList()),
    MASKS(
            Engine::maskFiller,
            MaskFiller::open,
            MaskFiller::model,
            (filler, all) -> (inputs, budget, deadline) ->
                    filler.fill(picked(all.hidden(), inputs), 3, budget, deadline).stream()
                            .map(Bits::of)
                            .toList()),
    LATE(
            Engine::lateInteraction,
            LateInteraction::open,
            LateInteraction::model,
            (encoder, all) -> (inputs, budget, deadline) ->
                    encoder.embedDocuments(picked(all.texts(), inputs), budget, deadline).stream()
                            .map(Bits::of)
                            .toList()),
    IMAGES(
            Engine::imageClassifier,
            ImageClassifier::open,
            ImageClassifier::model,
            (classifier, all) ->
                    (inputs, budget, deadline) -> classifier
                            .classify(
                                    picked(all.images(), inputs), Collections.nCopies(inputs.size(), budget), deadline)
                            .stream()
                            .map(one -> Bits.of(one.probabilities()))
                            .toList()),
    SPEECH(
            Engine::speechRecognizer,
            SpeechRecognizer::open,
            SpeechRecognizer::model,
            (recognizer, all) -> (inputs, budget, deadline) -> {
                var answers = new ArrayList<byte[]>();
                for (float[] samples : picked(all.sounds(), inputs)) {
                    var texts = new ArrayList<TimedText>();
                    recognizer.transcribe(Sound.of(Sound.SPEECH_HZ, samples), budget, deadline, texts::add);
                    answers.add(Bits.of(texts));
                }
                return answers;
            });

    /** Of models whose tokens leave: shares of time and of FLOPs, soft and hard. */
    private static final List<Budget> LEAVING = List.of(
            Budget.FULL,
            Budget.of(.75),
            Budget.of(.5),
            Budget.of(.25),
            Budget.flops(.5),
            Budget.hard(.5),
            Budget.hard(.75));

    /** Of models with learners, which know no time. */
    private static final List<Budget> LEARNERS = List.of(
            Budget.FULL, Budget.flops(.75), Budget.flops(.5), Budget.flops(0), Budget.hard(.5), Budget.fixed(.5));

    /** The engine asks malloc for less. */
    private static final long LEAST_MAPPED_BYTES = 128 << 10;

    private final Shared shared;
    private final Alone alone;

    private interface Shared {
        Door open(String key, Engine engine, String model, SoakInputs inputs) throws IOException;
    }

    private interface Alone {
        Door open(String key, String model, EngineOptions options, SoakInputs inputs) throws IOException;
    }

    private interface InEngine<T> {
        T open(Engine engine, String model) throws IOException;
    }

    private interface OfItsOwn<T> {
        T open(String model, EngineOptions options) throws IOException;
    }

    private interface Asking<T> {
        Door.Ask of(T opened, SoakInputs inputs);
    }

    <T extends AutoCloseable> Kind(
            InEngine<T> inEngine, OfItsOwn<T> ofItsOwn, Function<T, OpenModel> model, Asking<T> asking) {
        shared = (key, engine, name, inputs) -> {
            T opened = inEngine.open(engine, name);
            return door(key, opened, model.apply(opened), asking, inputs);
        };
        alone = (key, name, options, inputs) -> {
            T opened = ofItsOwn.open(name, options);
            return door(key, opened, model.apply(opened), asking, inputs);
        };
    }

    /** On an engine that others share. */
    Door open(String key, Engine engine, String model, SoakInputs inputs) throws IOException {
        return shared.open(key, engine, model, inputs);
    }

    /** On an engine of its own. */
    Door open(String key, String model, EngineOptions options, SoakInputs inputs) throws IOException {
        return alone.open(key, model, options, inputs);
    }

    private <T extends AutoCloseable> Door door(
            String key, T opened, OpenModel model, Asking<T> asking, SoakInputs inputs) {
        return new Door(key, count(inputs), budgets(model), mappedBytes(model), asking.of(opened, inputs), opened);
    }

    private int count(SoakInputs inputs) {
        return switch (this) {
            case IMAGES -> inputs.images().size();
            case SPEECH -> inputs.sounds().size();
            default -> inputs.texts().size();
        };
    }

    private static List<Budget> budgets(OpenModel model) {
        if (!model.encoder().isAdaptive()) {
            return List.of(Budget.FULL);
        }
        return model.encoder().leaving().isPresent() ? LEAVING : LEARNERS;
    }

    private static long mappedBytes(OpenModel model) {
        return model.encoder().parameters().all().stream()
                .mapToLong(parameter -> (long) Float.BYTES * parameter.value().size())
                .filter(bytes -> bytes >= LEAST_MAPPED_BYTES)
                .sum();
    }

    private static List<byte[]> bits(List<Embedding> embeddings) {
        return embeddings.stream().map(one -> Bits.of(one.vector())).toList();
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        try {
            return future.get();
        } catch (InterruptedException e) {
            future.cancel(false);
            throw e;
        }
    }
}
