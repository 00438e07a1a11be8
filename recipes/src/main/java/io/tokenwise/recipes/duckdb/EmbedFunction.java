package io.tokenwise.recipes.duckdb;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.duckdb.DuckDBColumnType;
import org.duckdb.DuckDBDataChunkReader;
import org.duckdb.DuckDBFunctions;
import org.duckdb.DuckDBReadableVector;
import org.duckdb.DuckDBWritableVector;

/**
 * {@code embed(text, budget)} in DuckDB's SQL: a {@code FLOAT[384]}, or as many values as the model's vectors have. DuckDB hands over up to 2,048 rows at once, on several threads. Where the text is null the
 * vector is; where the budget is null it is the full one.
 */
public final class EmbedFunction {
    private EmbedFunction() {}

    /**
     * Registers it for a connection; once for each. Nothing is written into its database, which may be read only, and a macro {@code embed} that the database has is not touched. The encoder is its caller's to close,
     * after the database.
     */
    public static void register(Connection connection, TextEncoder encoder) throws SQLException {
        try (var function = DuckDBFunctions.scalarFunction()) {
            function.withName("embed_as_text")
                    .withParameters(DuckDBColumnType.VARCHAR, DuckDBColumnType.DOUBLE)
                    .withReturnType(DuckDBColumnType.VARCHAR)
                    .withVectorizedFunction((rows, vectors) -> embed(encoder, rows, vectors))
                    .register(connection);
        }
        // Functions in Java cannot give arrays. A float as text and back is the same float.
        try (var statement = connection.createStatement()) {
            statement.execute("create temp macro embed(passage, budget) as embed_as_text(passage, budget)::float["
                    + encoder.dimensions() + "]");
        }
    }

    private static void embed(TextEncoder encoder, DuckDBDataChunkReader rows, DuckDBWritableVector vectors) {
        DuckDBReadableVector passages = rows.vector(0);
        DuckDBReadableVector shares = rows.vector(1);
        List<String> texts = new ArrayList<>();
        List<Budget> budgets = new ArrayList<>();
        List<Long> places = new ArrayList<>();
        for (long row = 0; row < rows.rowCount(); row++) {
            if (passages.isNull(row)) {
                vectors.setNull(row);
            } else {
                texts.add(passages.getString(row));
                budgets.add(shares.isNull(row) ? Budget.FULL : Budget.of(shares.getDouble(row)));
                places.add(row);
            }
        }
        List<Embedding> embeddings = encoder.embed(texts, budgets);
        for (int i = 0; i < places.size(); i++) {
            vectors.setString(places.get(i), Arrays.toString(embeddings.get(i).vector()));
        }
    }
}
