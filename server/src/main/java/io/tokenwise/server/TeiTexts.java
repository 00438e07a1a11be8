package io.tokenwise.server;

import io.tokenwise.model.Prompts;
import io.tokenwise.server.TeiInputs.Cut;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import tools.jackson.databind.JsonNode;

/**
 * A request of one of text-embeddings-inference's endpoints for texts, once it is understood. It may name a {@code model} and a {@code budget}, which are ours; a name
 * of a prompt that is {@code query} lets the budget float.
 *
 * @param asked what it says itself of a budget
 */
record TeiTexts<M extends ServedModel.Encoding>(
        Observation observation, M model, TeiInputs inputs, Optional<AskedBudget> asked, BudgetRange range) {
    static final String QUERY = "query";

    /**
     * Reads a request.
     *
     * @param found the model that it names, or the first of its kind
     * @param fields of the request
     * @param parameters the fields that say how texts are read, where they are not the request's own
     * @param given the texts
     * @param names what messages call each of a list of them
     */
    static <M extends ServedModel.Encoding> TeiTexts<M> read(
            Exchange exchange,
            Observation observation,
            ServedModels.Named<M> found,
            Fields fields,
            Fields parameters,
            JsonNode given,
            IntFunction<String> names) {
        long start = System.nanoTime();
        M model = found.model();
        Optional<String> prompt = prompt(parameters, model);
        boolean truncate = parameters.flag("truncate").orElse(true);
        boolean left = parameters
                .word("truncation_direction", List.of("left", "right", "Left", "Right"))
                .orElse("right")
                .toLowerCase(Locale.ROOT)
                .equals("left");
        var inputs =
                TeiInputs.read(given, names, model.tokenizer(prompt), prefix(prompt, model), new Cut(truncate, left));
        Optional<AskedBudget> asked = BudgetAsk.of(exchange, fields, found.budget());
        AskedBudget budget = EmbeddingsRoute.budget(
                model.defaults(),
                asked,
                prompt.flatMap(TeiTexts::kind),
                inputs.texts().ids().size());
        observation.asked(model.name(), inputs.batch(), Duration.ofNanos(System.nanoTime() - start));
        return new TeiTexts<>(observation, model, inputs, asked, model.range(budget));
    }

    /** What a prompt's name says of a text: other words than these say nothing. */
    static Optional<String> kind(String prompt) {
        if (Prompts.isPassage(prompt)) {
            return Optional.of(EmbeddingsRoute.PASSAGE);
        }
        return prompt.equals(QUERY) ? Optional.of(QUERY) : Optional.empty();
    }

    /** Those that the model has; a query and a passage all have, possibly with nothing to put before them. */
    static Optional<String> prompt(Fields parameters, ServedModel.Encoding model) {
        var names = new LinkedHashSet<>(List.of(QUERY));
        names.addAll(Prompts.PASSAGE);
        names.addAll(model.description().prompts().byName().keySet());
        return parameters.word("prompt_name", List.copyOf(names));
    }

    private static String prefix(Optional<String> prompt, ServedModel.Encoding model) {
        Prompts prompts = model.description().prompts();
        String name = prompt.orElse("");
        return switch (name) {
            case "" -> prompts.text();
            case QUERY -> prompts.query();
            default -> prompts.byName().getOrDefault(name, prompts.passage());
        };
    }

    /** What to put before texts by the name of a prompt that a request gives. */
    static String prefix(Fields fields, ServedModel.Encoding model) {
        return prefix(prompt(fields, model), model);
    }

    /**
     * The vectors, later: accepted as one or refused as one.
     *
     * @param lane of the model
     * @param range of budgets that each text may have
     */
    <R> CompletableFuture<List<Answer<R>>> vectors(Exchange exchange, Lane<R> lane, BudgetRange range) {
        return Together.answers(exchange, lane, inputs.texts().ids(), range, exchange.deadline());
    }

    /** Adds what the answers cost to a reply. */
    Reply tell(Reply reply, List<? extends Answer<?>> answers) {
        observation.answered(inputs.texts().lengths(), answers);
        Reply told = Costs.of(observation.inputs(), inputs.texts().truncated()).tell(reply);
        return new TeiHeaders(observation, model.model().backend().name(), inputs.characters()).tell(told);
    }
}
