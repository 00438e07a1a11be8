package io.tokenwise.server;

import io.tokenwise.Engine;
import io.tokenwise.ImageClassifier;
import io.tokenwise.Reranker;
import io.tokenwise.SparseEncoder;
import io.tokenwise.TextClassifier;
import io.tokenwise.api.BadFileException;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.open.Models;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.RequestQueue;
import io.tokenwise.serving.ServedEncoder;
import io.tokenwise.session.OpenModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the models that a server is to serve, and makes them as fast as they get. */
final class ModelOpening {
    private static final Logger LOG = LoggerFactory.getLogger(ModelOpening.class);

    private final ServerOptions options;
    private final Engine engine;
    private final RequestQueue queue;
    private final BudgetDefaults defaults;

    ModelOpening(ServerOptions options, Engine engine, RequestQueue queue) {
        this.options = options;
        this.engine = engine;
        this.queue = queue;
        this.defaults = BudgetDefaults.of(options.budgets());
    }

    /** Before a model that is to give sparse vectors, though its files say others. */
    private static final String SPARSE = "sparse:";

    /** A model whose files have been found to be good, but not its weights. */
    private record Found(String model, String name, ModelDescription description) {}

    /**
     * Opens all; the engine closes them. What can be said without it, is said before the first one is opened, which takes long.
     *
     * @param opening is told each one's name before
     * @throws BadFileException if one is absent, bad, not supported, or of a kind that is not served
     * @throws IllegalArgumentException if two have one name
     */
    ServedModels all(Consumer<String> opening) throws IOException {
        var served = new ArrayList<ServedModel>();
        for (Found found : find()) {
            opening.accept(found.name());
            long start = System.nanoTime();
            served.add(open(found));
            LOG.info(
                    "{}: open and warm after {} ms",
                    found.name(),
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
        }
        return new ServedModels(served);
    }

    private Collection<Found> find() throws IOException {
        var byName = new LinkedHashMap<String, Found>();
        for (String wanted : options.models()) {
            boolean sparse = wanted.startsWith(SPARSE);
            String model = sparse ? wanted.substring(SPARSE.length()) : wanted;
            ModelDescription description = description(model, sparse);
            String folder =
                    Path.of(model).toAbsolutePath().normalize().getFileName().toString();
            String name = sparse ? folder + "-sparse" : folder;
            if (byName.put(name, new Found(model, name, description)) != null) {
                throw new IllegalArgumentException(
                        "two models are called " + name + ": rename the folder of one of them");
            }
        }
        return byName.values();
    }

    private ServedModel open(Found found) throws IOException {
        String model = found.model();
        String name = found.name();
        return switch (found.description().reads()) {
            case TEXT -> openText(model, name, (TextDescription) found.description());
            case IMAGE -> {
                ImageClassifier classifier = engine.imageClassifier(model);
                yield new ServedModel.Images(name, classifier, lane(name, classifier.model()), defaults);
            }
            case SOUND ->
                new ServedModel.Speech(name, new ServedSpeech(name, engine.speechRecognizer(model), queue, defaults));
        };
    }

    private ServedModel openText(String model, String name, TextDescription description) throws IOException {
        if (description.output().isScore()) {
            Reranker reranker = engine.reranker(model);
            return new ServedModel.Scores(name, reranker, lane(name, reranker.model()), defaults);
        }
        if (description.output() instanceof TextOutput.SequenceClasses) {
            TextClassifier classifier = engine.textClassifier(model);
            return new ServedModel.Classes(name, classifier, lane(name, classifier.model()), defaults);
        }
        if (isSparse(description.output())) {
            return sparse(name, engine.sparseEncoder(model));
        }
        return new ServedModel.Texts(name, new ServedText(name, engine.textEncoder(model), queue, defaults));
    }

    /** Whole vectors, which are as long as the vocabulary, or the weights of tokens are left to no answer. */
    private ServedModel sparse(String name, SparseEncoder encoder) {
        var sparse = new OtherResult<>(new ServedEncoder(name, encoder.model()), encoder::encode);
        return new ServedModel.Sparse(name, encoder, queue.add(sparse), defaults);
    }

    private Lane<float[]> lane(String name, OpenModel model) {
        return queue.add(new ServedEncoder(name, model));
    }

    private static ModelDescription description(String model, boolean sparse) throws IOException {
        try (ModelFiles files = Models.open(model)) {
            if (sparse) {
                try (ModelFiles same = files.sparse()) {
                    return same.description();
                }
            }
            ModelDescription description = files.description();
            if (description instanceof TextDescription text && !isServed(text.output())) {
                throw new BadFileException(
                        description.name(),
                        "is " + description.kind()
                                + "; what is served are text and sparse encoders, cross-encoders, classifiers of texts or images and"
                                + " speech recognisers");
            }
            return description;
        }
    }

    private static boolean isSparse(TextOutput output) {
        return output instanceof TextOutput.Sparse || output instanceof TextOutput.TokenWeights;
    }

    private static boolean isServed(TextOutput output) {
        return output.isScore()
                || output instanceof TextOutput.Vectors
                || isSparse(output)
                || output instanceof TextOutput.SequenceClasses;
    }
}
