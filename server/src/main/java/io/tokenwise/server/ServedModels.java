package io.tokenwise.server;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The models that are served, by name. Thread-safe. */
final class ServedModels {
    private final Map<String, ServedModel> byName = new LinkedHashMap<>();

    /** @param models each of another name */
    ServedModels(List<ServedModel> models) {
        models.forEach(model -> byName.put(model.name(), model));
    }

    /**
     * A model, as a request names it.
     *
     * @param budget what stands behind the name, as in {@code minilm-acm@0.5} or {@code minilm-acm@auto}; or empty
     */
    record Named<M extends ServedModel>(M model, Optional<AskedBudget> budget) {}

    Collection<ServedModel> all() {
        return byName.values();
    }

    /** The only or first one of its kind: for APIs whose requests name no model. */
    <M extends ServedModel> Optional<M> first(Class<M> kind) {
        return all().stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    /** @throws ApiError 404 if no model has that name, 400 if what stands behind it is no budget */
    Named<ServedModel> find(String name) {
        ServedModel whole = byName.get(name);
        if (whole != null) {
            return new Named<>(whole, Optional.empty());
        }
        int at = name.lastIndexOf('@');
        ServedModel model = at < 0 ? null : byName.get(name.substring(0, at));
        if (model == null) {
            throw ApiError.of(404, "there is no model of this name: GET /v1/models lists those that are served")
                    .withParam("model")
                    .withCode("model_not_found");
        }
        return new Named<>(model, Optional.of(suffix(name.substring(at + 1))));
    }

    private static AskedBudget suffix(String budget) {
        return AskedBudget.parsed(budget)
                .orElseThrow(() -> ApiError.field(
                        "model", "the budget behind the model's @ must be a number from 0 to 1 or auto"));
    }

    /**
     * The model that a request is for.
     *
     * @throws ApiError as {@link #find(String)}, and 400 if it is of another kind
     */
    <M extends ServedModel> Named<M> find(Exchange exchange, String name, Class<M> kind) {
        Named<ServedModel> found = find(name);
        if (!kind.isInstance(found.model())) {
            throw ApiError.field(
                    "model",
                    "model " + found.model().name() + " is of kind "
                            + found.model().kind() + ", this endpoint serves " + ServedModel.kinds(kind)
                            + ": GET /v1/models says which are of which");
        }
        exchange.isFor(found.model());
        return new Named<>(kind.cast(found.model()), found.budget());
    }

    /**
     * The model that a request names, or else the first of its kind.
     *
     * @throws ApiError as {@link #find(Exchange, String, Class)}, and 424 if none is served
     */
    <M extends ServedModel> Named<M> findOrFirst(Exchange exchange, Optional<String> name, Class<M> kind) {
        if (name.isPresent()) {
            return find(exchange, name.get(), kind);
        }
        M model = first(kind)
                .orElseThrow(() -> ApiError.of(
                                424,
                                "Backend error: this endpoint needs a model of kind " + ServedModel.kinds(kind)
                                        + ", and none is served")
                        .withCode(Observation.MODEL_TYPE));
        exchange.isFor(model);
        return new Named<>(model, Optional.empty());
    }
}
