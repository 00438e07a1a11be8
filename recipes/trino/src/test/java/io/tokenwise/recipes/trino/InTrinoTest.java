package io.tokenwise.recipes.trino;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.trino.testing.QueryFailedException;
import io.trino.testing.QueryRunner;
import io.trino.testing.StandaloneQueryRunner;
import io.trino.testing.TestingSession;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The function in Trino's own server. */
class InTrinoTest {
    @Test
    void vectorsAreTheLibrarysEachAtItsBudget() throws Exception {
        try (QueryRunner trino = new StandaloneQueryRunner(
                        TestingSession.testSessionBuilder().build());
                var encoder =
                        TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1))) {
            trino.installPlugin(new EmbedPlugin());
            List<Object> row = trino.execute(
                            "select embed(text, 0.5), embed(text, null), embed(cast(null as varchar), 0.5)"
                                    + " from (values 'How do I pay?') as rows(text)")
                    .getMaterializedRows()
                    .getFirst()
                    .getFields();
            assertEquals(boxed(encoder.embed("How do I pay?", Budget.of(0.5)).vector()), row.get(0));
            assertEquals(boxed(encoder.embed("How do I pay?").vector()), row.get(1));
            assertNull(row.get(2));
            var bad = assertThrows(QueryFailedException.class, () -> trino.execute("select embed('a', 2)"));
            assertEquals("budget 2.0 is outside 0..1", bad.getMessage());
        }
    }

    private static List<Float> boxed(float[] vector) {
        var list = new ArrayList<Float>();
        for (float value : vector) {
            list.add(value);
        }
        return list;
    }
}
