package io.tokenwise.spark;

import io.tokenwise.Engine;
import io.tokenwise.TextClassifier;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataType;

/**
 * Classes of a column of texts, as {@link TextClassifier} tells them. The new column is a {@code struct<label: string, probability: double, probabilities: array<double>>}. Budgets are shares of the dense
 * model's time, unless {@link #budgetsAre} says otherwise.
 */
public final class TextClasses extends ModelColumn<TextClasses> {
    private TextClasses(Settings settings, Column shares) {
        super(settings, shares);
    }

    /**
     * {@return classes at full budget}
     *
     * @param model as {@link Embeddings#of} takes it
     */
    public static TextClasses of(String model) {
        return new TextClasses(Settings.of(model, Budget.Unit.TIME), null);
    }

    @Override
    Texts door() {
        return new Texts();
    }

    @Override
    TextClasses with(Settings newSettings, Column newShares) {
        return new TextClasses(newSettings, newShares);
    }

    record Texts() implements Door<String, TextClassifier> {
        @Override
        public String verb() {
            return "classify";
        }

        @Override
        public String inputs() {
            return "texts";
        }

        @Override
        public InputKind<String> input() {
            return InputKind.TEXT;
        }

        @Override
        public DataType output() {
            return Classes.TYPE;
        }

        @Override
        public boolean tellsSpending() {
            return false;
        }

        @Override
        public TextClassifier open(Engine engine, String model) throws IOException {
            return engine.textClassifier(model);
        }

        @Override
        public int tokens(String text) {
            return Embeddings.Texts.guess(text);
        }

        @Override
        public List<Answer> answer(TextClassifier classifier, List<String> texts, List<Budget> budgets, String column) {
            return classifier.classify(texts, budgets, Deadline.NONE).stream()
                    .map(Classes::answer)
                    .toList();
        }
    }
}
