package io.tokenwise.server;

import io.tokenwise.Embedding;
import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import io.tokenwise.server.PageLanes.Ask;
import io.tokenwise.session.OpenModel;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/** {@code POST /page/text}: what becomes of a text at a budget, token by token, beside the same at full budget, and how near other texts are. */
final class PageTextRoute implements Route {
    private static final int MOST_OTHERS = 8;

    /** Of texts that take few milliseconds the best time of some runs is told: one alone says more of what else runs. */
    private static final int SHORT_TOKENS = 64;

    private static final int SHORT_RUNS = 3;

    private final ServedModels models;
    private final PageLanes lanes;

    PageTextRoute(ServedModels models, PageLanes lanes) {
        this.models = models;
        this.lanes = lanes;
    }

    /** A token as the vocabulary has it, and the share of all learners that it goes through; special ones are no part of the text. */
    record Token(String text, double share, boolean special) {}

    /** How near another text is, both at the budget and both at full budget. */
    record Other(double cosine, double fullCosine) {}

    /**
     * The answer.
     *
     * @param learners whether tokens have learners or leave; false for a dense model
     * @param spentTime share of the dense model's time, as predicted; null where nobody knows before it runs
     * @param millis best time of the text's runs alone
     * @param others null for texts without a word
     */
    record Answer(
            double budget,
            boolean learners,
            List<Token> tokens,
            int narrowLayers,
            int layers,
            boolean truncated,
            Double spentTime,
            Double spentFlops,
            double millis,
            double fullMillis,
            double cosine,
            List<Other> others) {}

    /** @param others token ids; null for texts without a word */
    private record Asked(
            String name, OpenModel model, double share, Budget budget, Tokenizer.Encoded text, List<int[]> others) {}

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        return exchange.json().thenCompose(fields -> {
            Asked asked = read(exchange, fields);
            return lanes.ask(exchange, asked.name(), asks(asked))
                    .thenApplyAsync(results -> Reply.json(answer(asked, results)), exchange.executor());
        });
    }

    private Asked read(Exchange exchange, Fields fields) {
        var found = models.find(exchange, fields.neededText("model"), ServedModel.Texts.class)
                .model();
        OpenModel model = found.text().encoder().model();
        Tokenizer tokenizer = found.text().tokenizer();
        double share = share(AskedBudget.read(fields.needed("budget")));
        String text = fields.neededText("text");
        Tokenizer.Encoded encoded =
                words(text, tokenizer).orElseThrow(() -> ApiError.field("text", "text has no word: give a text"));
        JsonNode others = fields.needed("others");
        if (!others.isArray() || others.size() > MOST_OTHERS) {
            throw ApiError.field("others", "others must be an array of at most " + MOST_OTHERS + " texts");
        }
        var ids = new ArrayList<int[]>();
        for (int i = 0; i < others.size(); i++) {
            String other = Fields.text("others[" + i + "]", others.get(i));
            ids.add(words(other, tokenizer).map(Tokenizer.Encoded::ids).orElse(null));
        }
        return new Asked(found.name(), model, share, model.encoder().budget(share), encoded, ids);
    }

    /** A text's tokens; empty if it has no word: if it is blank, or if there is not even a mark, as of control characters where a tokenizer puts none around a text, or of unknown words where a model leaves those out. */
    static Optional<Tokenizer.Encoded> words(String text, Tokenizer tokenizer) {
        return text.isBlank()
                ? Optional.empty()
                : Optional.of(tokenizer.encode(text))
                        .filter(encoded -> encoded.ids().length > 0 && tokenizer.has(encoded.ids()[0]));
    }

    /** @throws ApiError 400 if there is none, or if it is what load allows: the page shows what a budget does */
    static double share(Optional<AskedBudget> budget) {
        return budget.filter(AskedBudget.Share.class::isInstance)
                .map(AskedBudget.Share.class::cast)
                .map(AskedBudget.Share::share)
                .orElseThrow(() -> ApiError.field("budget", "budget must be a number from 0 to 1"));
    }

    /** Each at the budget and at full budget. The text comes last, because what runs first after a pause is slow, and a short one several times. */
    private static List<Ask> asks(Asked asked) {
        var asks = new ArrayList<Ask>();
        asked.others().stream().filter(other -> other != null).forEach(other -> addBoth(asks, other, asked.budget()));
        for (int run = 0; run < runs(asked); run++) {
            addBoth(asks, asked.text().ids(), asked.budget());
        }
        return asks;
    }

    private static void addBoth(List<Ask> asks, int[] input, Budget budget) {
        asks.add(new Ask(input, budget));
        asks.add(new Ask(input, Budget.FULL));
    }

    private static int runs(Asked asked) {
        return asked.text().ids().length > SHORT_TOKENS ? 1 : SHORT_RUNS;
    }

    private static Answer answer(Asked asked, List<Shaded> results) {
        Shaded text = results.get(results.size() - 2);
        Shaded full = results.getLast();
        var others = new ArrayList<Other>();
        int next = 0;
        for (int[] other : asked.others()) {
            if (other == null) {
                others.add(null);
                continue;
            }
            double cosine = Embedding.cosine(text.output(), results.get(next++).output());
            others.add(new Other(
                    cosine, Embedding.cosine(full.output(), results.get(next++).output())));
        }
        var encoder = asked.model().encoder();
        int[] ids = asked.text().ids();
        Spent spent = Spent.of(encoder, ids, asked.budget());
        return new Answer(
                asked.share(),
                encoder.isAdaptive(),
                tokens(asked, text.shares()),
                encoder.plan(ids, asked.budget()).narrowLayers(),
                encoder.description().architecture().layers(),
                asked.text().truncated(),
                known(spent.time()),
                known(spent.flops()),
                bestMillis(results, results.size() - 2, runs(asked)),
                bestMillis(results, results.size() - 1, runs(asked)),
                Embedding.cosine(text.output(), full.output()),
                others);
    }

    /** Of every second run up to the last one. */
    private static double bestMillis(List<Shaded> results, int last, int runs) {
        return IntStream.range(0, runs)
                .mapToDouble(run -> results.get(last - 2 * run).millis())
                .min()
                .orElseThrow();
    }

    static Double known(double value) {
        return Double.isNaN(value) ? null : value;
    }

    private static List<Token> tokens(Asked asked, double[] shares) {
        Tokenizer tokenizer = asked.model().files().tokenizer();
        List<String> tokens = tokenizer.tokens(asked.text().ids());
        int first = tokenizer.frame().before().length;
        int end = tokens.size() - tokenizer.frame().after().length;
        return IntStream.range(0, tokens.size())
                .mapToObj(i -> new Token(tokens.get(i), shares[i], i < first || i >= end))
                .toList();
    }
}
