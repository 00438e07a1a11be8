package io.tokenwise.server;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.WavReader;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.BudgetRange;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.IO;

/** OpenAI's {@code POST /v1/audio/transcriptions}, for WAV files: segment by segment through the queue. */
final class TranscriptionsRoute implements Route {
    /** OpenAI's limit. */
    private static final long MOST_BYTES = 25L << 20;

    /** Each may hold 8 MB while it is heard: 2 of sound, its copies, and up to 6 of a filter for an odd rate. */
    static final int MOST_AT_ONCE = 64;

    private final ServedModels models;
    private final Executor cutter;
    private final Semaphore room = new Semaphore(MOST_AT_ONCE);

    /** @param cutter reads sound and cuts it into segments */
    TranscriptionsRoute(ServedModels models, Executor cutter) {
        this.models = models;
        this.cutter = cutter;
    }

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        Observation observation = exchange.observe(Operation.TRANSCRIBE);
        return exchange.form(MOST_BYTES)
                .thenCompose(
                        parts -> closing(parts, () -> transcribe(exchange, observation, TranscriptionForm.of(parts))));
    }

    /** Closes what an answer is made of whatever comes: a form deletes its temporary files then. */
    private static <T> CompletableFuture<T> closing(Closeable read, Supplier<CompletableFuture<T>> answer) {
        CompletableFuture<T> reply;
        try {
            reply = answer.get();
        } catch (RuntimeException | Error e) {
            reply = CompletableFuture.failedFuture(e);
        }
        return reply.whenComplete((ignored, failure) -> IO.close(read));
    }

    private CompletableFuture<Reply> transcribe(Exchange exchange, Observation observation, TranscriptionForm form) {
        var found = models.find(exchange, form.model(), ServedModel.Speech.class);
        ServedSpeech speech = found.model().speech();
        AskedBudget budget = BudgetAsk.of(exchange, form.fields(), found.budget())
                .orElse(speech.defaults().budget());
        BudgetRange range = speech.range(budget);
        Deadline deadline = exchange.deadline();
        observation.asked(found.model().name(), false, Duration.ZERO);
        if (!room.tryAcquire()) {
            throw ApiError.busy(
                    429, MOST_AT_ONCE + " recordings are being heard: try again later", Duration.ofSeconds(1));
        }
        return CompletableFuture.supplyAsync(() -> open(form.file()), cutter)
                .thenCompose(recording -> closing(recording, () -> {
                    var heard = Transcribing.start(recording, speech, range, deadline, cutter);
                    exchange.cancelWhenGone(heard);
                    return heard;
                }))
                .whenComplete((heard, failure) -> room.release())
                .handleAsync(
                        (heard, failure) -> {
                            if (failure != null) {
                                throw told(failure);
                            }
                            return heard.tell(observation, form.format());
                        },
                        exchange.executor());
    }

    private static Recording open(MultiPart.Part file) {
        try {
            WavReader wav = WavReader.open("file", Content.Source.asInputStream(file.createContentSource()));
            return new Recording(wav, wav::close);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A recording that cannot be read is the client's mistake. */
    private static RuntimeException told(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof BadFileException bad
                ? ApiError.field("file", bad.getMessage())
                : new CompletionException(cause);
    }
}
