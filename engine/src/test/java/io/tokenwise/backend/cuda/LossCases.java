package io.tokenwise.backend.cuda;

import io.tokenwise.op.CtcLosses;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.Losses;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Losses, each with its gradient. */
final class LossCases {
    private final List<Case> cases = new ArrayList<>();

    private LossCases() {}

    static List<Case> all() {
        var all = new LossCases();
        for (int[] shape : new int[][] {{1, 1}, {3, 7}, {5, 300}, {33, 384}}) {
            all.ofVectors(shape[0], shape[1]);
            all.ofClasses(shape[0], shape[1]);
        }
        all.ofScores(1);
        all.ofScores(300);
        all.ofOrder(1, 3);
        all.ofOrder(17, 5);
        all.ofOrder(70, 384);
        all.ofLetters();
        return all.cases;
    }

    private void ofVectors(int rows, int columns) {
        String of = " of " + Case.shape(rows, columns);
        cases.add(new Case("cosineDistance" + of, 1e-6, s -> {
            Tensor target = s.random(rows, columns);
            Tensor y = s.random(rows, columns);
            Lengths.forward(s.stream(), y, y, null);
            Lengths.forward(s.stream(), target, target, null);
            s.tell(Losses.cosineDistance(s.stream(), y, target, s.untouched(rows, columns)));
        }));
        cases.add(new Case("relativeSquaredError" + of, 1e-6, s -> {
            Tensor target = s.random(rows, columns);
            Tensor y = s.random(rows, columns);
            s.tell(Losses.relativeSquaredError(s.stream(), y, target, .3, s.untouched(rows, columns)));
            s.tell(Losses.relativeSquaredError(s.stream(), target, target, .3, s.untouched(rows, columns)));
        }));
    }

    private void ofClasses(int rows, int columns) {
        String of = " of " + Case.shape(rows, columns);
        cases.add(new Case("crossEntropy" + of, 1e-6, s -> {
            Tensor logits = s.between(-8, 8, rows, columns);
            s.tell(Losses.crossEntropy(s.stream(), logits, s.integers(rows, columns), s.untouched(rows, columns)));
            var wanted = new double[rows * columns];
            for (int i = 0; i < wanted.length; i++) {
                wanted[i] = i % columns == 0 ? 1 - (columns - 1) * .001 : .001;
            }
            s.tell(Losses.crossEntropy(s.stream(), logits, wanted, s.untouched(rows, columns)));
        }));
        cases.add(new Case("divergence" + of, 1e-6, s -> {
            Tensor logits = s.between(-8, 8, rows, columns);
            Tensor target = s.between(-8, 8, rows, columns);
            s.tell(Losses.divergence(s.stream(), logits, target, s.untouched(rows, columns)));
            s.tell(Losses.divergence(s.stream(), target, target, s.untouched(rows, columns)));
        }));
    }

    private void ofScores(int rows) {
        cases.add(new Case("squaredErrorWhereKnown of " + rows, 1e-6, s -> {
            float[] target = s.gaussian(rows);
            for (int i = 1; i < rows; i += 3) {
                target[i] = Float.NaN;
            }
            s.tell(Losses.squaredErrorWhereKnown(s.stream(), s.random(rows, 1), target, s.untouched(rows, 1)));
        }));
    }

    private void ofOrder(int pairs, int columns) {
        cases.add(new Case("order of " + pairs + " x " + columns, 1e-5, s -> {
            Tensor y = s.random(2 * pairs, columns);
            Lengths.forward(s.stream(), y, y, null);
            var scores = new double[pairs];
            for (int p = 0; p < pairs; p++) {
                // Some pairs have equal scores.
                scores[p] = s.integers(1, 6)[0];
            }
            s.tell(Losses.order(s.stream(), y, scores, .05, s.untouched(2 * pairs, columns)));
        }));
    }

    /** On the host, whatever the backend is. */
    private void ofLetters() {
        cases.add(new Case("ctc of 3 recordings", 1e-6, s -> {
            Tensor logits = s.between(-8, 8, 40, 9);
            int[][] letters = {{1, 1, 3}, {}, {8, 2, 5, 5, 5, 7}};
            int[] offsets = {0, 12, 13, 40};
            s.tell(CtcLosses.sum(s.stream(), logits, offsets, letters, 0, .3, s.untouched(40, 9)));
        }));
    }
}
