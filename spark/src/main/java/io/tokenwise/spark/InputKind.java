package io.tokenwise.spark;

import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;

/**
 * What a door reads.
 *
 * @param type in a schema, of collated strings too
 * @param value what Spark's rows hold and functions are given
 * @param name for messages
 */
record InputKind<I>(Class<? extends DataType> type, Class<I> value, String name) {
    static final InputKind<String> TEXT = new InputKind<>(StringType.class, String.class, "string");
    static final InputKind<byte[]> FILE = new InputKind<>(BinaryType.class, byte[].class, "binary");
}
