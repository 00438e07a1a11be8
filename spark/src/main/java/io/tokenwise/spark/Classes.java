package io.tokenwise.spark;

import io.tokenwise.Classification;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** A {@link Classification} as Spark's rows hold it. */
final class Classes {
    static final StructType TYPE = new StructType()
            .add("label", DataTypes.StringType, false)
            .add("probability", DataTypes.DoubleType, false)
            .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType, false), false);

    private Classes() {}

    static Answer answer(Classification found) {
        return Answer.of(RowFactory.create(found.label(), found.probability(), found.probabilities()));
    }
}
