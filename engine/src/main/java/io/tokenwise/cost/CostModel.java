package io.tokenwise.cost;

import java.util.List;

/**
 * Predicts how long a forward of one text, or one image, alone takes on one thread: from a table, for a model's sizes. Sizes that were not
 * measured are scaled from the nearest that were. A product's multiply-adds and bytes of weights grow alike, with inputs times outputs, so that its time
 * is scaled by that whether it waits for arithmetic or for memory; all else grows with the hidden size.
 *
 * <p>Deterministic for a table, and never falls when tokens, rows or the MLP's share grow, even if the table's times do: what a number of rows takes
 * is at most what any larger number takes, because noise only ever adds time. Thread-safe; a prediction allocates nothing.
 */
public final class CostModel {
    /** The widths of MLPs that were measured, and none at all. */
    private static final double[] SHARES = {0, 0.25, 0.5, 1};

    private final double[] embeddings;

    /** All layers but their MLPs, and pooling, by rows. */
    private final double[] attention;

    /** The MLPs of all layers, by share and rows. */
    private final double[][] mlps;

    /** @param mostTokens of a text or image */
    public CostModel(CostTable table, Sizes sizes, int mostTokens) {
        if (mostTokens < 1) {
            throw new IllegalArgumentException("cost model: most tokens is " + mostTokens + ", must be 1 or more");
        }
        ShapeCost shape = table.nearest(sizes);
        Sizes measured = shape.sizes();
        double width = (double) sizes.hidden() / measured.hidden();
        double projections = (double) sizes.attentionWeights() / measured.attentionWeights();
        double units = sizes.layers() * (double) sizes.mlpWeights() / measured.mlpWeights();
        embeddings = byRows(shape, Piece.EMBEDDINGS, width, mostTokens);
        attention = byRows(shape, Piece.POOLING, width, mostTokens);
        add(byRows(shape, Piece.PROJECTIONS, sizes.layers() * projections, mostTokens), attention);
        add(byRows(shape, Piece.ATTENTION, sizes.layers() * width, mostTokens), attention);
        add(byRows(shape, Piece.NORMS, sizes.layers() * width, mostTokens), attention);
        mlps = new double[][] {
            new double[mostTokens + 1],
            byRows(shape, Piece.MLP_QUARTER, units, mostTokens),
            byRows(shape, Piece.MLP_HALF, units, mostTokens),
            byRows(shape, Piece.MLP, units, mostTokens)
        };
        for (int i = SHARES.length - 2; i >= 0; i--) {
            for (int r = 0; r <= mostTokens; r++) {
                mlps[i][r] = Math.min(mlps[i][r], mlps[i + 1][r]);
            }
        }
    }

    /** The longest text that it predicts. */
    public int mostTokens() {
        return embeddings.length - 1;
    }

    /** Microseconds of the dense model: all tokens go through all layers, with all units of their MLPs. */
    public double micros(int tokens) {
        return micros(tokens, tokens, 1);
    }

    /**
     * Microseconds of a text of which some tokens leave before the first layer.
     *
     * @param rows tokens that go through the layers, 1 to tokens
     * @param mlpShare how much of each MLP's units all of them have, 0 to 1
     */
    public double micros(int tokens, int rows, double mlpShare) {
        if (rows < 1 || rows > tokens || tokens > mostTokens() || !(mlpShare >= 0 && mlpShare <= 1)) {
            throw new IllegalArgumentException("cost: " + rows + " rows of " + tokens + " tokens and " + mlpShare
                    + " of an MLP; must be 1 to " + mostTokens() + " tokens, as many rows at most, and 0 to 1");
        }
        int i = 1;
        while (SHARES[i] < mlpShare) {
            i++;
        }
        double place = (mlpShare - SHARES[i - 1]) / (SHARES[i] - SHARES[i - 1]);
        double mlp = mlps[i - 1][rows] * (1 - place) + mlps[i][rows] * place;
        return embeddings[tokens] + attention[rows] + mlp;
    }

    private static void add(double[] more, double[] sums) {
        for (int r = 0; r < sums.length; r++) {
            sums[r] += more[r];
        }
    }

    /** The time of a piece at each number of rows: straight lines between those measured. */
    private static double[] byRows(ShapeCost shape, Piece piece, double factor, int most) {
        List<Integer> rows = shape.rows();
        double[] micros = neverFalling(shape.micros().get(piece));
        var times = new double[most + 1];
        int next = 0;
        for (int r = 1; r <= most; r++) {
            while (next < rows.size() && rows.get(next) < r) {
                next++;
            }
            times[r] = factor
                    * (next == rows.size()
                            ? beyond(piece, micros[next - 1], (double) r / rows.getLast())
                            : next == 0 ? micros[0] : between(rows, micros, next, r));
        }
        return times;
    }

    private static double between(List<Integer> rows, double[] micros, int next, int r) {
        int below = rows.get(next - 1);
        double place = (double) (r - below) / (rows.get(next) - below);
        return place == 1 ? micros[next] : micros[next - 1] + (micros[next] - micros[next - 1]) * place;
    }

    /** Of attention each row meets all others; everything else takes each row by itself. */
    private static double beyond(Piece piece, double last, double ratio) {
        return last * (piece == Piece.ATTENTION ? ratio * ratio : ratio);
    }

    private static double[] neverFalling(List<Double> measured) {
        double[] micros = measured.stream().mapToDouble(Double::doubleValue).toArray();
        for (int i = micros.length - 2; i >= 0; i--) {
            micros[i] = Math.min(micros[i], micros[i + 1]);
        }
        return micros;
    }
}
