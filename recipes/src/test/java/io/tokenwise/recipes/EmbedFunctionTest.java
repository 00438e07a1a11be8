package io.tokenwise.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.recipes.duckdb.EmbedFunction;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbedFunctionTest {
    private static TextEncoder encoder;
    private static Connection connection;

    @BeforeAll
    static void open() throws Exception {
        encoder = TextEncoder.open("minilm-acm");
        connection = DriverManager.getConnection("jdbc:duckdb:");
        EmbedFunction.register(connection, encoder);
        try (var statement = connection.createStatement()) {
            statement.execute("create table passages as select * from (values"
                    + " ('Invoices are paid by bank transfer.', 0.7), ('The cat sat on the mat.', null),"
                    + " (null, 0.5), ('Our office is closed on Sundays.', 0.5)) as rows(passage, budget)");
        }
    }

    @AfterAll
    static void close() throws SQLException {
        connection.close();
        encoder.close();
    }

    @Test
    void vectorsAreTheLibrarysEachAtItsBudget() throws SQLException {
        try (var statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery("select passage, budget, embed(passage, budget) from passages")) {
            int count = 0;
            for (; rows.next(); count++) {
                String passage = rows.getString(1);
                double share = rows.getDouble(2);
                Budget budget = rows.wasNull() ? Budget.FULL : Budget.of(share);
                Array vector = rows.getArray(3);
                if (passage == null) {
                    assertThat(vector).isNull();
                } else {
                    assertThat((Object[]) vector.getArray())
                            .isEqualTo(boxed(encoder.embed(passage, budget).vector()));
                }
            }
            assertThat(count).isEqualTo(4);
        }
    }

    private static Object[] boxed(float[] values) {
        var boxed = new Object[values.length];
        for (int i = 0; i < values.length; i++) {
            boxed[i] = values[i];
        }
        return boxed;
    }

    @Test
    void theNearestPassageIsFoundInSql() throws SQLException {
        try (var statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select passage from passages where passage is not null"
                                + " order by array_cosine_similarity(embed(passage, 0.7), embed('When can I visit you?', 1)) desc")) {
            assertThat(rows.next()).isTrue();
            assertThat(rows.getString(1)).isEqualTo("Our office is closed on Sundays.");
        }
    }

    @Test
    void aDatabaseIsNotWrittenAndKeepsItsOwnMacro(@TempDir Path folder) throws SQLException {
        String database = "jdbc:duckdb:" + folder.resolve("own.db");
        try (Connection own = DriverManager.getConnection(database);
                var statement = own.createStatement()) {
            statement.execute("create macro embed(a, b) as 42");
        }
        var readOnly = new Properties();
        readOnly.setProperty("duckdb.read_only", "true");
        try (Connection first = DriverManager.getConnection(database, readOnly);
                Connection second = DriverManager.getConnection(database, readOnly);
                Connection other = DriverManager.getConnection(database, readOnly)) {
            for (Connection each : List.of(first, second)) {
                EmbedFunction.register(each, encoder);
                assertThat(only(each, "select len(embed('a text', 0.5))")).isEqualTo(encoder.dimensions());
            }
            assertThat(only(other, "select embed('a text', 0.5)")).isEqualTo(42);
        }
    }

    private static int only(Connection connection, String query) throws SQLException {
        try (var statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            assertThat(rows.next()).isTrue();
            return rows.getInt(1);
        }
    }

    @Test
    void aBudgetOutsideIsNamedWithItsValue() throws SQLException {
        try (var statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.executeQuery("select embed('a text', 1.5)"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("budget 1.5 is outside 0..1");
        }
    }
}
