package io.tokenwise.spark;

import java.io.Serializable;

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
        double endSeconds)
        implements Serializable {}
