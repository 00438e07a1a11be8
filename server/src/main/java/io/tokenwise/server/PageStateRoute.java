package io.tokenwise.server;

import io.tokenwise.serving.Control;
import io.tokenwise.serving.QueueState;
import io.tokenwise.serving.RequestQueue;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;

/** {@code GET /page/state}: which models there are, and what the queue is doing. */
final class PageStateRoute implements Route {
    private final ServedModels models;
    private final RequestQueue queue;

    PageStateRoute(ServedModels models, RequestQueue queue) {
        this.models = models;
        this.queue = queue;
    }

    /** The answer. */
    record State(List<Model> models, Load queue) {}

    /** @param kind {@code text}, {@code image} or {@code speech}; {@code scores} and {@code classes} have no place on the page */
    record Model(String name, String kind, boolean adaptive) {}

    /**
     * What the queue is doing.
     *
     * @param dial how far budgets that float are turned up, 0 to 1
     * @param p50Millis of the last seconds; null if nothing was answered
     * @param control {@code off}, {@code fixed} or {@code auto}
     * @param targetMillis null if there is none
     */
    record Load(
            int waiting,
            long waitingTokens,
            double dial,
            Double p50Millis,
            Double p99Millis,
            String control,
            Double targetMillis,
            long answered,
            long shed,
            long expired,
            long cancelled) {}

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        List<Model> all = models.all().stream().map(PageStateRoute::model).toList();
        return CompletableFuture.completedFuture(
                Reply.json(new State(all, load(queue.state(), queue.options().control()))));
    }

    private static Model model(ServedModel model) {
        return switch (model) {
            case ServedModel.Texts texts ->
                new Model(
                        texts.name(),
                        "text",
                        texts.text().encoder().model().encoder().isAdaptive());
            case ServedModel.Sparse sparse ->
                new Model(sparse.name(), "sparse", sparse.lane().model().isAdaptive());
            case ServedModel.Scores scores ->
                new Model(scores.name(), "scores", scores.lane().model().isAdaptive());
            case ServedModel.Images images ->
                new Model(images.name(), "image", images.lane().model().isAdaptive());
            case ServedModel.Classes classes ->
                new Model(classes.name(), "classes", classes.lane().model().isAdaptive());
            case ServedModel.Speech speech ->
                new Model(
                        speech.name(), "speech", speech.speech().lane().model().isAdaptive());
        };
    }

    private static Load load(QueueState state, Control control) {
        return new Load(
                state.waitingRequests(),
                state.waitingTokens(),
                state.dial(),
                millis(state.p50Micros()),
                millis(state.p99Micros()),
                control.mode().name().toLowerCase(Locale.ROOT),
                control.mode() == Control.Mode.AUTO ? control.target().toNanos() / 1e6 : null,
                state.answered(),
                state.shed(),
                state.expired(),
                state.cancelled());
    }

    private static Double millis(long micros) {
        return micros == 0 ? null : micros / 1000.0;
    }
}
