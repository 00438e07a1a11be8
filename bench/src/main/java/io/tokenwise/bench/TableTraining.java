package io.tokenwise.bench;

import io.tokenwise.autograd.CosineSchedule;
import io.tokenwise.autograd.EpochOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Trains a table of static token embeddings to give the teacher's vectors: least mean cosine distance of {@linkplain StaticEmbeddings#mean texts' means}, by Adam (Kingma and Ba 2015) whose
 * moments move where a token occurs. After each epoch the table is judged on texts that it was not trained on; the best one is kept. For one thread.
 */
final class TableTraining {
    private static final int EPOCHS = 15;

    private static final int TEXTS_PER_STEP = 64;

    /** Of the root of the table's mean square, since tables have the scale of their teacher; it falls to 0. */
    private static final double RATE_SHARE = 0.02;

    private static final double FIRST_DECAY = 0.9;
    private static final double SECOND_DECAY = 0.999;
    private static final double EPSILON_SHARE = 1e-8;

    private final float[][] table;
    private final int[][] texts;
    private final float[][] wanted;
    private final float[][] gradient;
    private final float[][] first;
    private final float[][] second;
    private final CosineSchedule rate;
    private final EpochOrder order;
    private int step;

    private TableTraining(float[][] table, int[][] texts, float[][] wanted, int fitted, long seed) {
        this.table = table;
        this.texts = texts;
        this.wanted = wanted;
        gradient = new float[table.length][];
        first = new float[table.length][];
        second = new float[table.length][];
        int steps = EPOCHS * Math.ceilDiv(fitted, TEXTS_PER_STEP);
        rate = new CosineSchedule(RATE_SHARE * rootMeanSquare(table), 0, steps / 20, steps);
        order = new EpochOrder(fitted, seed);
    }

    /**
     * The trained table.
     *
     * @param untrained {@code [vocabulary][hidden]}; it stays as it is
     * @param texts the teacher's, as token ids with special ones at both ends
     */
    static float[][] of(float[][] untrained, List<int[]> texts, TeacherVectors teacher, long seed) {
        float[][] table = copy(untrained);
        var training = new TableTraining(table, texts.toArray(int[][]::new), teacher.vectors(), teacher.fitted(), seed);
        float[][] best = untrained;
        double most = training.chosenBy(teacher);
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            for (int done = 0; done < teacher.fitted(); done += TEXTS_PER_STEP) {
                training.step(Math.min(TEXTS_PER_STEP, teacher.fitted() - done));
            }
            double cosine = training.chosenBy(teacher);
            if (cosine > most) {
                most = cosine;
                best = copy(table);
            }
        }
        return best;
    }

    private static float[][] copy(float[][] table) {
        return Arrays.stream(table).map(float[]::clone).toArray(float[][]::new);
    }

    private static double rootMeanSquare(float[][] table) {
        double sum = 0;
        for (float[] row : table) {
            sum += Quality.dot(row, row);
        }
        return Math.sqrt(sum / table.length / table[0].length);
    }

    private double chosenBy(TeacherVectors teacher) {
        return teacher.chosenBy(Arrays.stream(texts, teacher.fitted(), texts.length)
                .map(ids -> StaticEmbeddings.mean(table, ids))
                .toArray(float[][]::new));
    }

    private void step(int count) {
        Set<Integer> touched = new HashSet<>();
        for (int i = 0; i < count; i++) {
            addGradient(order.next(), count, touched);
        }
        double now = rate.rate(step);
        step++;
        touched.forEach(token -> update(token, now));
    }

    /** Of {@code (1 - u . t) / count}, u being the sum s of a text's tokens at length 1: {@code -(t - (u . t) u) / |s| / count} for each of the tokens. */
    private void addGradient(int text, int count, Set<Integer> touched) {
        int[] ids = texts[text];
        float[] sum = StaticEmbeddings.sum(table, ids);
        double length = Math.sqrt(Quality.dot(sum, sum));
        if (length == 0) {
            return;
        }
        float[] target = wanted[text];
        double cosine = Quality.dot(sum, target) / length;
        var slope = new float[sum.length];
        for (int i = 0; i < slope.length; i++) {
            slope[i] = (float) (-(target[i] - cosine * sum[i] / length) / length / count);
        }
        for (int t = 1; t < ids.length - 1; t++) {
            touched.add(ids[t]);
            if (gradient[ids[t]] == null) {
                gradient[ids[t]] = new float[slope.length];
            }
            float[] row = gradient[ids[t]];
            for (int i = 0; i < slope.length; i++) {
                row[i] += slope[i];
            }
        }
    }

    private void update(int token, double rateNow) {
        if (first[token] == null) {
            first[token] = new float[table[token].length];
            second[token] = new float[table[token].length];
        }
        float[] slope = gradient[token];
        double firstScale = 1 - Math.pow(FIRST_DECAY, step);
        double secondScale = 1 - Math.pow(SECOND_DECAY, step);
        for (int i = 0; i < slope.length; i++) {
            first[token][i] = (float) (FIRST_DECAY * first[token][i] + (1 - FIRST_DECAY) * slope[i]);
            second[token][i] = (float) (SECOND_DECAY * second[token][i] + (1 - SECOND_DECAY) * slope[i] * slope[i]);
            double size = Math.sqrt(second[token][i] / secondScale) + EPSILON_SHARE;
            table[token][i] -= (float) (rateNow * first[token][i] / firstScale / size);
        }
        Arrays.fill(slope, 0);
    }
}
