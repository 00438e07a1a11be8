package io.tokenwise.server;

import io.tokenwise.EncoderOptions;
import io.tokenwise.ImageClassifier;
import io.tokenwise.RecognizerOptions;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TextEncoder;
import io.tokenwise.io.ImageDescription;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.SpeechDescription;
import io.tokenwise.io.TextDescription;
import io.tokenwise.serving.RequestQueue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the models that a server is to serve, and makes them as fast as they get. */
final class ModelOpening {
    private static final Logger LOG = LoggerFactory.getLogger(ModelOpening.class);

    private final ServerOptions options;
    private final RequestQueue queue;
    private final BudgetDefaults defaults;

    ModelOpening(ServerOptions options, RequestQueue queue) {
        this.options = options;
        this.queue = queue;
        this.defaults = BudgetDefaults.of(options.budgets());
    }

    /**
     * Opens all.
     *
     * @throws io.tokenwise.api.BadFileException if one is absent, bad or not supported
     * @throws IllegalArgumentException if two have one name
     */
    ServedModels all() throws IOException {
        var served = new ArrayList<ServedModel>();
        try {
            for (String model : options.models()) {
                long start = System.nanoTime();
                ServedModel opened = open(model);
                served.add(opened);
                LOG.info(
                        "{}: open and warm after {} ms",
                        opened.name(),
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
            }
            return new ServedModels(List.copyOf(served));
        } catch (Throwable e) {
            served.forEach(ServedModel::close);
            throw e;
        }
    }

    /** What waits for a session waits in the queue instead: it has as many threads as each model has sessions. */
    private ServedModel open(String model) throws IOException {
        String name = Path.of(model).toAbsolutePath().normalize().getFileName().toString();
        ModelFiles files = ModelFiles.open(model);
        return switch (files.description()) {
            case TextDescription ignored -> {
                TextEncoder encoder = TextEncoder.open(files, encoderOptions());
                yield new ServedModel.Texts(name, new ServedText(name, encoder, queue, defaults));
            }
            case ImageDescription ignored ->
                new ServedModel.Images(name, ImageClassifier.open(files, encoderOptions()));
            case SpeechDescription ignored ->
                new ServedModel.Speech(name, SpeechRecognizer.open(files, recognizerOptions()));
        };
    }

    private EncoderOptions encoderOptions() {
        return EncoderOptions.defaults()
                .withThreads(1)
                .withConcurrentCalls(options.threads())
                .withBackend(options.backend());
    }

    private RecognizerOptions recognizerOptions() {
        return RecognizerOptions.defaults()
                .withThreads(1)
                .withConcurrentCalls(options.threads())
                .withBackend(options.backend());
    }
}
