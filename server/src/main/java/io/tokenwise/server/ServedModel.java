package io.tokenwise.server;

import io.tokenwise.Classification;
import io.tokenwise.ImageClassifier;
import io.tokenwise.Reranker;
import io.tokenwise.SparseEncoder;
import io.tokenwise.SparseVector;
import io.tokenwise.TextClassifier;
import io.tokenwise.model.TextDescription;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.session.OpenModel;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** A model that is served, under the name that requests give. */
sealed interface ServedModel {
    /** What requests call it: never a path. */
    String name();

    /** What kind of model it is, as {@code GET /v1/models} says it. */
    default String kind() {
        return kinds(getClass());
    }

    /** The same of all that are such a model, for messages: {@code images or classes}. */
    static String kinds(Class<?> of) {
        return of.isSealed()
                ? Arrays.stream(of.getPermittedSubclasses())
                        .map(ServedModel::kinds)
                        .collect(Collectors.joining(" or "))
                : of.getSimpleName().toLowerCase(Locale.ROOT);
    }

    /** The model in one line, for who starts the server. */
    default String describe() {
        return name() + ": "
                + switch (this) {
                    case Texts texts ->
                        "texts, " + texts.text().encoder().dimensions() + " dimensions, "
                                + backend(texts.text().encoder().model());
                    case Sparse sparse ->
                        "texts, sparse vectors of " + sparse.encoder().dimensions() + " dimensions, "
                                + backend(sparse.model());
                    case Scores scores ->
                        "queries with texts, scores, "
                                + backend(scores.reranker().model());
                    case Images images -> "images, " + classes(images);
                    case Classes classes -> "texts, " + classes(classes);
                    case Speech speech ->
                        "speech, " + backend(speech.speech().recognizer().model());
                };
    }

    private static String classes(Classifying model) {
        return model.labels().size() + " classes, " + backend(model.model());
    }

    private static String backend(OpenModel model) {
        return model.backend().name() + " " + model.backend().precision().label();
    }

    /** What reads texts and gives vectors of one or another kind. */
    sealed interface Encoding extends ServedModel {
        OpenModel model();

        /** For token ids, special ones included; vectors out. */
        Lane<?> lane();

        BudgetDefaults defaults();

        default TextDescription description() {
            return (TextDescription) model().files().description();
        }

        default Tokenizer tokenizer() {
            return model().files().tokenizer();
        }

        /**
         * Of texts of which a request says nothing, or that they are something.
         *
         * @param prompt its {@code prompt_name}
         */
        default Tokenizer tokenizer(Optional<String> prompt) {
            return tokenizer();
        }

        /** What budget an ask stands for in this model. */
        default BudgetRange range(AskedBudget asked) {
            return defaults().range(asked, lane().model());
        }
    }

    /** Texts in, vectors out. */
    record Texts(String name, ServedText text) implements Encoding {
        @Override
        public OpenModel model() {
            return text.encoder().model();
        }

        @Override
        public Lane<float[]> lane() {
            return text.lane();
        }

        @Override
        public BudgetDefaults defaults() {
            return text.defaults();
        }
    }

    /** Texts in, sparse vectors out. */
    record Sparse(String name, SparseEncoder encoder, Lane<SparseVector> lane, BudgetDefaults defaults)
            implements Encoding {
        @Override
        public OpenModel model() {
            return encoder.model();
        }

        @Override
        public Tokenizer tokenizer(Optional<String> prompt) {
            return looksUp(prompt) ? encoder.queryTokenizer() : tokenizer();
        }

        /** Whether such texts are looked up in a table; see {@link #tokenizer(Optional)}. */
        boolean looksUp(Optional<String> prompt) {
            return prompt.map(name -> name.equals(TeiTexts.QUERY) && encoder.looksQueriesUp())
                    .orElse(encoder.looksTextsUp());
        }
    }

    /**
     * A query and texts in, scores out.
     *
     * @param lane for a query with a text, as the reranker encodes both; a score out
     */
    record Scores(String name, Reranker reranker, Lane<float[]> lane, BudgetDefaults defaults) implements ServedModel {
        /** What budget an ask stands for in this model. */
        BudgetRange range(AskedBudget asked) {
            return defaults.range(asked, lane.model());
        }
    }

    /** What tells classes. */
    sealed interface Classifying extends ServedModel {
        List<String> labels();

        /** What its logits say. */
        Classification classification(float[] logits);

        OpenModel model();

        /** For inputs, as the classifier prepares them; logits out. */
        Lane<float[]> lane();

        BudgetDefaults defaults();

        /** What budget an ask stands for in this model. */
        default BudgetRange range(AskedBudget asked) {
            return defaults().range(asked, lane().model());
        }
    }

    /** Images in, classes out. */
    record Images(String name, ImageClassifier classifier, Lane<float[]> lane, BudgetDefaults defaults)
            implements Classifying {
        @Override
        public List<String> labels() {
            return classifier.labels();
        }

        @Override
        public Classification classification(float[] logits) {
            return classifier.classification(logits);
        }

        @Override
        public OpenModel model() {
            return classifier.model();
        }
    }

    /** Texts or pairs of texts in, classes out. */
    record Classes(String name, TextClassifier classifier, Lane<float[]> lane, BudgetDefaults defaults)
            implements Classifying {
        @Override
        public List<String> labels() {
            return classifier.labels();
        }

        @Override
        public Classification classification(float[] logits) {
            return classifier.classification(logits);
        }

        @Override
        public OpenModel model() {
            return classifier.model();
        }
    }

    /** Speech in, text out. */
    record Speech(String name, ServedSpeech speech) implements ServedModel {}
}
