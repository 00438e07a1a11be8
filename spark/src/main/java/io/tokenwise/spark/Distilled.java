package io.tokenwise.spark;

/**
 * What a distillation on Spark has come to.
 *
 * @param steps that each worker did, those before a resume included
 * @param agreement with the teacher at half of the multiply-adds, on texts that were not trained on: of vectors their mean cosine, of classes how many are the same
 * @param spent the share of the dense model's multiply-adds that was spent for that
 * @param prepareSeconds until the first step: models opened, the student made
 * @param trainSeconds of the steps since the last resume, with the means, and with what is measured on the way
 * @param averageSeconds of these, for means of parameters, waiting for other workers included
 * @param endSeconds after the last step: the first worker calibrates, measures, and writes the model
 */
public record Distilled(
        int steps,
        double agreement,
        double spent,
        double prepareSeconds,
        double trainSeconds,
        double averageSeconds,
        double endSeconds) {
    static Distilled of(double[] numbers) {
        return new Distilled((int) numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6]);
    }

    /** For the way through Spark, whose serializer may be Kryo: that of Spark 4.2 knows no records. */
    double[] numbers() {
        return new double[] {steps, agreement, spent, prepareSeconds, trainSeconds, averageSeconds, endSeconds};
    }
}
