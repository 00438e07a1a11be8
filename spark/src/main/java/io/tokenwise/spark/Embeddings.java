package io.tokenwise.spark;

import io.tokenwise.EmbedRequest;
import io.tokenwise.Embedding;
import io.tokenwise.Engine;
import io.tokenwise.InputType;
import io.tokenwise.LongTexts;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/**
 * Vectors of a column of texts: {@code Embeddings.of("minilm-acm").budget(0.7).transform(dataset, "text", "vector")}. The new column is an {@code array<float>}, bit for bit what {@link TextEncoder}
 * gives. Budgets are shares of the dense model's time, unless {@link #budgetsAre} says otherwise.
 */
public final class Embeddings extends ModelColumn<Embeddings> {
    private final Texts door;

    private Embeddings(Settings settings, Column shares, Texts door) {
        super(settings, shares);
        this.door = door;
    }

    /**
     * {@return vectors at full budget}
     *
     * @param model a built-in name, such as {@code minilm-acm}, whose artifact the executors have; the name of an archive that {@code --archives} brings to them, or the last name of a folder
     *     on shared storage that {@code SparkContext.addFile} does; or the path of a folder that each machine has
     */
    public static Embeddings of(String model) {
        return new Embeddings(Settings.of(model, Budget.Unit.TIME), null, new Texts(InputType.TEXT, LongTexts.CUT));
    }

    /**
     * {@return the same with the words before the texts that the model wants, if any}
     *
     * @param inputType what the texts are to the model
     */
    public Embeddings as(InputType inputType) {
        return new Embeddings(settings(), shares(), new Texts(inputType, door.longTexts));
    }

    /**
     * {@return the same with another treatment of long texts}
     *
     * @param longTexts what becomes of texts with more tokens than the model reads
     */
    public Embeddings longTexts(LongTexts longTexts) {
        return new Embeddings(settings(), shares(), new Texts(door.inputType, longTexts));
    }

    @Override
    Texts door() {
        return door;
    }

    @Override
    Embeddings with(Settings newSettings, Column newShares) {
        return new Embeddings(newSettings, newShares, door);
    }

    record Texts(InputType inputType, LongTexts longTexts) implements Door<String, TextEncoder> {
        /** Of English; other writing has more, which only makes chunks larger. */
        private static final int CHARACTERS_OF_A_TOKEN = 4;

        @Override
        public String verb() {
            return "embed";
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
            return DataTypes.createArrayType(DataTypes.FloatType, false);
        }

        @Override
        public boolean tellsSpending() {
            return true;
        }

        @Override
        public TextEncoder open(Engine engine, String model) throws IOException {
            return engine.textEncoder(model);
        }

        @Override
        public int tokens(String text) {
            return guess(text);
        }

        static int guess(String text) {
            return 2 + text.length() / CHARACTERS_OF_A_TOKEN;
        }

        @Override
        public List<Answer> answer(TextEncoder encoder, List<String> texts, List<Budget> budgets, String column) {
            EmbedRequest request =
                    EmbedRequest.of(texts).withBudgets(budgets).as(inputType).withLongTexts(longTexts);
            return encoder.embed(request).stream().map(Texts::answer).toList();
        }

        private static Answer answer(Embedding embedding) {
            double time = embedding.spent().time();
            double spent = Double.isNaN(time) ? embedding.spent().flops() : time;
            return new Answer(embedding.vector(), embedding.tokens(), spent, null);
        }
    }
}
