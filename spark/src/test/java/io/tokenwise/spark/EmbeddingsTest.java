package io.tokenwise.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.RuntimeVersion;
import io.tokenwise.Embedding;
import io.tokenwise.LongTexts;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class EmbeddingsTest {
    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.IntegerType)
            .add("text", DataTypes.StringType)
            .add("share", DataTypes.DoubleType);
    private static final SparkSession SPARK = LocalSpark.session();
    private static final Embeddings HALF = Embeddings.of("minilm-acm").budget(0.5);
    private static final int COUNT = 60;

    private static TextEncoder encoder;

    /** What the library says of each text at half of the time, alone. */
    private static List<Embedding> halves;

    @BeforeAll
    static void open() throws Exception {
        encoder = TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1));
        halves = IntStream.range(0, COUNT)
                .mapToObj(i -> encoder.embed(text(i), Budget.of(0.5)))
                .toList();
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static String text(int i) {
        return "The invoice is paid. ".repeat(i % 7) + i;
    }

    private static Double share(int i) {
        return i % 6 == 5 ? null : (Double) (i % 6 / 5.0 + 0.2);
    }

    /** Short and longer texts, each with its budget. */
    private static Dataset<Row> texts(int partitions) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            rows.add(RowFactory.create(i, text(i), share(i)));
        }
        return SPARK.createDataFrame(rows, SCHEMA).repartition(partitions);
    }

    private static Dataset<Row> rows(Row... rows) {
        return SPARK.createDataFrame(List.of(rows), SCHEMA);
    }

    private static void assertAreHalves(List<Row> rows) {
        assertThat(rows)
                .extracting(row -> row.getInt(0))
                .doesNotHaveDuplicates()
                .hasSize(COUNT);
        for (Row row : rows) {
            assertThat(LocalSpark.floats(row, "vector"))
                    .isEqualTo(halves.get(row.getInt(0)).vector());
        }
    }

    @Test
    void vectorsAreTheLibrarysWhateverThePartitions() {
        for (int partitions : new int[] {1, 5}) {
            assertAreHalves(HALF.transform(texts(partitions), "text", "vector").collectAsList());
        }
    }

    @Test
    void eachRowHasItsOwnBudgetAndWithoutOneItIsFull() {
        Dataset<Row> vectors = Embeddings.of("minilm-acm").budget(col("share")).transform(texts(2), "text", "vector");
        assertThat(vectors.columns()).containsExactly("id", "text", "share", "vector");
        for (Row row : vectors.collectAsList()) {
            Double share = share(row.getInt(0));
            assertThat(row.<Double>getAs("share")).isEqualTo(share);
            assertThat(LocalSpark.floats(row, "vector"))
                    .isEqualTo(encoder.embed(text(row.getInt(0)), Budget.of(share == null ? 1 : share))
                            .vector());
        }
    }

    @Test
    void budgetsInFlopsAreOfAnyNumericType() {
        Dataset<Row> one = rows(RowFactory.create(1, text(9), null));
        Row row = Embeddings.of("minilm-acm")
                .budget(lit(new java.math.BigDecimal("0.5")))
                .budgetsAre(Budget.Unit.FLOPS, Budget.Routing.HARD)
                .longTexts(LongTexts.SPLIT)
                .transform(one, "text", "vector")
                .first();
        assertThat(LocalSpark.floats(row, "vector"))
                .isEqualTo(encoder.embed(text(9), Budget.hard(0.5)).vector());
    }

    @Test
    void whereThereIsNoTextThereIsNoVector() {
        List<Row> rows = HALF.transform(
                        rows(
                                RowFactory.create(1, null, null),
                                RowFactory.create(2, "", null),
                                RowFactory.create(3, null, 0.5)),
                        "text",
                        "vector")
                .collectAsList();
        assertThat(rows).extracting(row -> row.isNullAt(3)).containsExactly(true, false, true);
        assertThat(LocalSpark.floats(rows.get(1), "vector"))
                .isEqualTo(encoder.embed("", Budget.of(0.5)).vector());
    }

    @Test
    void whatCannotBeIsOneClearLine() {
        Dataset<Row> texts = texts(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HALF.transform(texts, "id", "vector"))
                .withMessage("embed: column id is of type integer, a string is needed");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HALF.transform(texts, "text", "Share"))
                .withMessage("embed: there is a column Share already; drop it first, or name another one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HALF.budget(col("text")).transform(texts, "text", "vector"))
                .withMessage("embed: column text is of type string, a number is needed");
        assertThatThrownBy(() -> HALF.transform(texts, "txt", "vector"))
                .hasMessageContaining("`txt` cannot be resolved")
                .hasMessageContaining("`text`")
                .message()
                .doesNotContain("\n");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HALF.budget(1.5))
                .withMessage("budget 1.5 is outside 0..1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HALF.budgetsAre(Budget.Unit.FLOPS, Budget.Routing.RANDOM))
                .withMessageContaining("RANDOM makes a row's result depend on its partition");
    }

    @Test
    void aRowsBudgetOutsideIsNamedWithItsValue() {
        Dataset<Row> rows = rows(RowFactory.create(1, "a", 0.5), RowFactory.create(2, "b", -0.25));
        assertThatThrownBy(() -> HALF.budget(col("share"))
                        .transform(rows, "text", "vector")
                        .collect())
                .rootCause()
                .hasMessage("budget -0.25 is outside 0..1");
    }

    @Test
    void aModelThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> Embeddings.of("no-such-folder")
                        .transform(texts(1), "text", "vector")
                        .collect())
                .rootCause()
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("no-such-folder: no such directory");
    }

    /** Fails when the first attempt of each task has computed some. */
    @Test
    void aTaskThatFailedAndIsRepeatedGivesTheSameBits() {
        MapPartitionsFunction<Row, Row> failing = rows -> {
            var read = new ArrayList<Row>();
            while (rows.hasNext()) {
                read.add(rows.next());
                if (read.size() == 20 && TaskContext.get().attemptNumber() == 0) {
                    throw new IllegalStateException("the first attempt");
                }
            }
            return read.iterator();
        };
        Dataset<Row> vectors = HALF.transform(texts(3), "text", "vector");
        assertAreHalves(
                vectors.mapPartitions(failing, Encoders.row(vectors.schema())).collectAsList());
    }

    /** Spark's own protobuf comes before the one that the engine was built with: another major version. */
    @Test
    void weightsInOnnxAreReadBySparksProtobuf() {
        assertThat(RuntimeVersion.MAJOR).isEqualTo(4);
        List<Row> rows = Embeddings.of("minilm")
                .backend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32))
                .transform(texts(2).where("id in (4, 11)"), "text", "vector")
                .collectAsList();
        float[] one = LocalSpark.floats(rows.get(0), "vector");
        float[] other = LocalSpark.floats(rows.get(1), "vector");
        double cosine = 0;
        for (int i = 0; i < one.length; i++) {
            cosine += one[i] * other[i];
        }
        // What the engine says with its own protobuf. In float32, since 8 bits depend on the CPU.
        assertThat(cosine).isCloseTo(0.81546, within(1e-4));
    }

    @Test
    void sqlHasTheSameVectors() {
        HALF.register(SPARK, "embed");
        texts(2).createOrReplaceTempView("texts");
        List<Row> rows =
                SPARK.sql("select id, embed(text, 0.5) as vector from texts").collectAsList();
        assertAreHalves(rows);
        Row folded = SPARK.sql(
                        "select embed('a text', 1) as one, embed('a text', null) as half, embed(null, 0.5) as none")
                .first();
        assertThat(LocalSpark.floats(folded, "one"))
                .isEqualTo(encoder.embed("a text").vector());
        assertThat(LocalSpark.floats(folded, "half"))
                .isEqualTo(encoder.embed("a text", Budget.of(0.5)).vector());
        assertThat(folded.isNullAt(2)).isTrue();
    }

    @Test
    void sqlSaysWhichOfAFunctionsValuesIsOfAWrongType() {
        HALF.register(SPARK, "vector_of");
        texts(1).createOrReplaceTempView("typed");
        assertThatThrownBy(
                        () -> SPARK.sql("select vector_of(id, 0.5) from typed").collect())
                .rootCause()
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("embed: the input of vector_of is of type Integer, a string is needed");
        assertThatThrownBy(() ->
                        SPARK.sql("select vector_of(text, '0.5') from typed").collect())
                .rootCause()
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("embed: the budget of vector_of is of type String, a number is needed");
    }

    @Test
    void anInputIsFoundAsSparkFindsItAndOtherColumnsStayAsTheyAre() {
        Dataset<Row> row = SPARK.sql("select 1 as twice, 2 as twice, named_struct('text', 'of a field') as doc,"
                + " 'in quotes' as `doc.text`, 'collated' collate UTF8_LCASE as word, 0.5D as share");
        Map<String, String> texts =
                Map.of("doc.text", "of a field", "`doc.text`", "in quotes", "word", "collated", "WORD", "collated");
        texts.forEach((input, text) -> {
            Dataset<Row> found =
                    Embeddings.of("minilm-acm").budget(col("share")).transform(row, input, "vector");
            assertThat(found.columns()).containsExactly("twice", "twice", "doc", "doc.text", "word", "share", "vector");
            Row only = found.first();
            assertThat(only.getInt(0)).isEqualTo(1);
            assertThat(only.getInt(1)).isEqualTo(2);
            assertThat(only.getString(3)).isEqualTo("in quotes");
            assertThat(LocalSpark.floats(only.getList(6)))
                    .isEqualTo(encoder.embed(text, Budget.of(0.5)).vector());
        });
        assertThatThrownBy(() -> HALF.transform(row, "twice", "vector")).hasMessageContaining("ambiguous");
    }

    @Test
    void sparksPageCountsWhatWasDone() throws Exception {
        Map<String, Object> counted = new ConcurrentHashMap<>();
        var listener = new SparkListener() {
            @Override
            public void onStageCompleted(SparkListenerStageCompleted event) {
                event.stageInfo().accumulables().foreach(each -> {
                    each._2()
                            .name()
                            .foreach(name -> counted.put(name, each._2().value().get()));
                    return null;
                });
            }
        };
        SPARK.sparkContext().addSparkListener(listener);
        HALF.transform(texts(3), "text", "counted").collect();
        SPARK.sparkContext().listenerBus().waitUntilEmpty(600_000);
        SPARK.sparkContext().removeSparkListener(listener);
        long tokens = 0;
        double spent = 0;
        for (Embedding embedding : halves) {
            tokens += embedding.tokens();
            spent += embedding.tokens() * embedding.spent().time();
        }
        assertThat(counted)
                .containsEntry("counted: texts", (long) COUNT)
                .containsEntry("counted: tokens", tokens)
                .containsEntry("counted: bad", 0L);
        assertThat((Double) counted.get("counted: spent")).isCloseTo(spent / tokens, within(1e-9));
        assertThat((Double) counted.get("counted: milliseconds")).isPositive();
    }
}
