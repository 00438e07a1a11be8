package io.tokenwise.spark;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The session that all tests of this JVM share, with two tasks at a time, of which each may fail once; it ends with the JVM. */
final class LocalSpark {
    private LocalSpark() {}

    static SparkSession session() {
        return SparkSession.builder()
                .master("local[2,2]")
                .appName("tests")
                .config("spark.ui.enabled", false)
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", 2)
                // As many clusters have it. It knows fewer classes than Java's, which is Spark's default and
                // spark/cluster's.
                .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .config("spark.sql.warehouse.dir", "target/warehouse")
                .getOrCreate();
    }

    static float[] floats(Row row, String column) {
        return floats(row.getList(row.fieldIndex(column)));
    }

    static float[] floats(List<Float> values) {
        var floats = new float[values.size()];
        IntStream.range(0, floats.length).forEach(i -> floats[i] = values.get(i));
        return floats;
    }
}
