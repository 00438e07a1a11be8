package io.tokenwise.spark;

import io.tokenwise.Engine;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/** Its model is the engine itself, whose answers are the texts' lengths; a text {@code bad} is bad. */
class FakeDoor implements Door<String, Engine> {
    private static final long serialVersionUID = 1;

    /** With what is before each row, five are a chunk. */
    static final int TOKENS = Chunks.TOKENS / 5;

    int opened;
    int asked;

    @Override
    public String verb() {
        return "measure";
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
        return DataTypes.IntegerType;
    }

    @Override
    public boolean tellsSpending() {
        return false;
    }

    @Override
    public Engine open(Engine engine, String model) throws IOException {
        opened++;
        return engine;
    }

    @Override
    public int tokens(String input) {
        return TOKENS;
    }

    @Override
    public List<Answer> answer(Engine engine, List<String> texts, List<Budget> budgets, String column) {
        asked++;
        return texts.stream()
                .map(text -> text.equals("bad")
                        ? Answer.bad(new BadFileException(column, "is bad"))
                        : Answer.of(text.length()))
                .toList();
    }
}
