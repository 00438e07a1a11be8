package io.tokenwise.server;

import io.tokenwise.serving.QueueOptions;
import io.tokenwise.session.OpenModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.server.Request;

/** Text-embeddings-inference's {@code GET /info}, of the first model or, with {@code ?model=NAME}, of another. What it says there of a Git commit is null. */
final class TeiInfoRoute {
    private final ServedModels models;
    private final QueueOptions queue;
    private final String version = version();

    TeiInfoRoute(ServedModels models, QueueOptions queue) {
        this.models = models;
        this.queue = queue;
    }

    /** The build writes it. */
    private static String version() {
        var build = new Properties();
        try (var in = TeiInfoRoute.class.getResourceAsStream("build.properties")) {
            build.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return build.getProperty("version");
    }

    CompletableFuture<Reply> info(Exchange exchange) {
        String name = Request.extractQueryParameters(exchange.request()).getValue("model");
        ServedModel model = name == null
                ? models.all().iterator().next()
                : models.find(name).model();
        return CompletableFuture.completedFuture(Reply.json(info(model)));
    }

    private Map<String, Object> info(ServedModel model) {
        var info = new LinkedHashMap<String, Object>();
        info.put("model_id", model.name());
        info.put("model_sha", null);
        switch (model) {
            case ServedModel.Texts texts -> {
                var description = texts.text().description();
                put(info, texts.text().encoder().model());
                String pooling = switch (description.pooling().orElseThrow()) {
                    case MEAN -> "mean";
                    case FIRST -> "cls";
                    case LAST -> "last_token";
                };
                info.put("model_type", Map.of("embedding", Map.of("pooling", pooling)));
                info.put("max_input_length", description.maxTokens());
            }
            case ServedModel.Sparse sparse -> {
                put(info, sparse.model());
                info.put("model_type", Map.of("embedding", Map.of("pooling", "splade")));
                info.put("max_input_length", sparse.encoder().maxTokens());
            }
            case ServedModel.Scores scores -> {
                put(info, scores.reranker().model());
                info.put("model_type", Map.of("reranker", labels(List.of("LABEL_0"))));
                info.put("max_input_length", scores.reranker().maxTokens());
            }
            case ServedModel.Classifying classifying -> {
                put(info, classifying.model());
                info.put("model_type", Map.of("classifier", labels(classifying.labels())));
                info.put("max_input_length", classifying.lane().model().maxTokens());
            }
            case ServedModel.Speech ignored -> info.put("model_type", Map.of("transcription", Map.of()));
        }
        info.put("served_model_name", model.name());
        info.put("max_concurrent_requests", queue.waitingRequests());
        info.put("max_batch_tokens", queue.batchTokens());
        info.put("max_batch_requests", null);
        info.put("max_client_batch_size", TeiInputs.MOST);
        info.put("auto_truncate", true);
        info.put("tokenization_workers", Runtime.getRuntime().availableProcessors());
        info.put("version", version);
        info.put("sha", null);
        info.put("docker_label", null);
        return info;
    }

    private static void put(Map<String, Object> info, OpenModel model) {
        info.put("model_dtype", model.backend().precision().name().toLowerCase(Locale.ROOT));
    }

    /** Two classes may have one label, as ImageNet's cranes: it then stands for the last one, as in Hugging Face's files. */
    static Map<String, Object> labels(List<String> labels) {
        Map<String, String> byId = new LinkedHashMap<>();
        Map<String, Integer> byLabel = new LinkedHashMap<>();
        for (int id = 0; id < labels.size(); id++) {
            byId.put(Integer.toString(id), labels.get(id));
            byLabel.put(labels.get(id), id);
        }
        return Map.of("id2label", byId, "label2id", byLabel);
    }
}
