package io.tokenwise.spark;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * A column that a model computes from another one: what the four kinds of models have in common. Immutable; {@code budget} and the others give a new one.
 *
 * <p>A row's result depends on its input and its budget alone: not on partitions, on what else is in them, or on how often a task ran. Executors need CPUs with the same instructions for that; in time
 * ({@link Budget.Unit#TIME}) also the same measured costs, which all have where none were measured.
 *
 * @param <T> the kind itself
 */
public abstract sealed class ModelColumn<T extends ModelColumn<T>>
        permits Embeddings, TextClasses, ImageClasses, Transcripts {
    private final Settings settings;
    private final Column shares;

    ModelColumn(Settings settings, Column shares) {
        this.settings = settings;
        this.shares = shares;
    }

    abstract Door<?, ?> door();

    abstract T with(Settings newSettings, Column newShares);

    final Settings settings() {
        return settings;
    }

    final Column shares() {
        return shares;
    }

    /**
     * {@return the same with a budget for every row}
     *
     * @param share 0 to 1
     * @throws IllegalArgumentException if it is outside 0..1
     */
    public T budget(double share) {
        settings.budget(share);
        return with(settings.withShare(share), null);
    }

    /**
     * {@return the same with each row's own budget}
     *
     * @param newShares numbers from 0 to 1; null is the full budget. One outside ends the job
     */
    public T budget(Column newShares) {
        return with(settings.withShare(1), newShares);
    }

    /**
     * {@return the same with budgets that mean something else}
     *
     * @param unit what a budget is a share of
     * @param routing who decides what is spent on which token
     * @throws IllegalArgumentException of {@link Budget.Routing#RANDOM}, by which a row's result would depend on its neighbours
     */
    public T budgetsAre(Budget.Unit unit, Budget.Routing routing) {
        if (routing == Budget.Routing.RANDOM) {
            throw new IllegalArgumentException(
                    "budgets: RANDOM makes a row's result depend on its partition; LEARNED, HARD or STATIC do not");
        }
        return with(settings.withBudgets(unit, routing), shares);
    }

    /**
     * {@return the same computed by another backend or in another precision, on all executors}
     *
     * @param choice what is left open in it is decided by each executor's CPU
     */
    public T backend(BackendChoice choice) {
        return with(settings.withBackend(choice), shares);
    }

    /**
     * {@return the same with null for files that cannot be read, which are counted} Otherwise the first one ends the job, and says what is wrong with it. No text is ever bad.
     */
    public T nullIfBad() {
        return with(settings.withNullIfBad(), shares);
    }

    /**
     * Registers it as a function for SQL of the input and its budget, such as {@code embed(text, 0.5)}; a budget of null is that of this object. It is computed row by row; {@link #transform}
     * computes in chunks. A column given to {@link #budget(Column)} means nothing here.
     *
     * @param session that gets the function
     * @param name of the function
     */
    public void register(SparkSession session, String name) {
        register(session, door(), name);
    }

    private <I, M> void register(SparkSession session, Door<I, M> door, String name) {
        Progress progress = Progress.register(session.sparkContext(), name, door);
        session.udf().register(name, new ModelFunction<>(door, settings, progress, name), door.output());
    }

    /**
     * Adds a column.
     *
     * @param dataset its rows are read once, in the partitions that they have, and keep their order
     * @param input the column to read, as Spark finds it by {@link Dataset#col}
     * @param output what the new column is called
     * @return all columns of the rows, and the new one, which is null where the input is
     * @throws IllegalArgumentException if the input is of another type, or there is a column of that name already
     */
    public Dataset<Row> transform(Dataset<?> dataset, String input, String output) {
        return transform(dataset, door(), input, output);
    }

    private <I, M> Dataset<Row> transform(Dataset<?> dataset, Door<I, M> door, String input, String output) {
        if (Arrays.stream(dataset.columns()).anyMatch(output::equalsIgnoreCase)) {
            throw new IllegalArgumentException(
                    door.verb() + ": there is a column " + output + " already; drop it first, or name another one");
        }
        StructType own = dataset.schema();
        List<Column> columns = new ArrayList<>(List.of(functions.col("*")));
        InputKind<I> kind = door.input();
        requireType(door, dataset.select(dataset.col(input)), kind.type(), kind.name());
        int inputAt = topLevel(own, input);
        if (inputAt < 0) {
            inputAt = own.length();
            columns.add(dataset.col(input));
        }
        int shareAt = -1;
        if (shares != null) {
            requireType(door, dataset.select(shares), NumericType.class, "number");
            shareAt = own.length() + columns.size() - 1;
            columns.add(shares.cast(DataTypes.DoubleType));
        }
        var partitions = new ModelPartitions<>(
                door,
                settings,
                Progress.register(dataset.sparkSession().sparkContext(), output, door),
                own.length(),
                inputAt,
                shareAt,
                input);
        StructType all = own.add(output, door.output(), true);
        Dataset<Row> rows = dataset.select(columns.toArray(Column[]::new)).mapPartitions(partitions, Encoders.row(all));
        // Metadata is lost on the way through a function: a stream's watermark is such.
        return hasMetadata(own) ? rows.to(all) : rows;
    }

    private static boolean hasMetadata(StructType columns) {
        return Arrays.stream(columns.fields())
                .anyMatch(field -> !field.metadata().equals(Metadata.empty()));
    }

    /** Where a row has it already, since files are large; -1 where only Spark knows, as of a field or a name in quotes. */
    private static int topLevel(StructType own, String input) {
        return input.contains(".") || input.contains("`")
                ? -1
                : Arrays.asList(own.fieldNames()).indexOf(input);
    }

    /** Of a dataset with one column. */
    private static void requireType(
            Door<?, ?> door, Dataset<Row> column, Class<? extends DataType> wanted, String name) {
        StructField field = column.schema().apply(0);
        if (!wanted.isInstance(field.dataType())) {
            throw new IllegalArgumentException(door.verb() + ": column " + field.name() + " is of type "
                    + field.dataType().typeName() + ", a " + name + " is needed");
        }
    }
}
