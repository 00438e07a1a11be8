package io.tokenwise.acm;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.SelfAttention;
import io.tokenwise.tensor.Tensor;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Self-attention that sums up first and second moments, head by head, of its queries, keys and contexts. */
final class MeasuredAttention implements Measured {
    private final SelfAttention attention;
    private final int hidden;
    private final int size;
    private final Moments projected;
    private final Moments contexts;

    MeasuredAttention(SelfAttention attention) {
        this.attention = attention;
        hidden = attention.output().weight().inputs();
        size = hidden / attention.heads();
        projected = new Moments(3 * hidden, size);
        contexts = new Moments(hidden, size);
    }

    /** Sums over rows of each column, and of products of columns of the same head. */
    private static final class Moments {
        final int size;
        final double[] sums;
        final double[][][] products;
        long rows;

        Moments(int columns, int size) {
            this.size = size;
            sums = new double[columns];
            products = new double[columns / size][size][size];
        }

        void add(Tensor x) {
            var row = new double[sums.length];
            for (int i = 0; i < x.rows(); i++) {
                for (int column = 0; column < row.length; column++) {
                    row[column] = x.get(i, column);
                    sums[column] += row[column];
                }
                for (int head = 0; head < products.length; head++) {
                    addProducts(row, head * size, products[head]);
                }
            }
            rows += x.rows();
        }

        private void addProducts(double[] row, int at, double[][] to) {
            for (int i = 0; i < size; i++) {
                double value = row[at + i];
                double[] target = to[i];
                for (int j = 0; j < size; j++) {
                    target[j] += value * row[at + j];
                }
            }
        }

        double mean(int column) {
            return sums[column] / rows;
        }

        /** Of a head (those of Q, K and V one after the other), about the mean or about 0. */
        double[][] second(int head, boolean centred) {
            var moments = new double[size][size];
            for (int i = 0; i < size; i++) {
                for (int j = 0; j < size; j++) {
                    double squareOfMean = mean(head * size + i) * mean(head * size + j);
                    moments[i][j] = products[head][i][j] / rows - (centred ? squareOfMean : 0);
                }
            }
            return moments;
        }
    }

    @Override
    public Block dense() {
        return attention;
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        Tensor qkv = attention.qkv().forward(pass, x);
        projected.add(qkv);
        Tensor context = pass.attention(qkv, pass.batch(), attention.heads());
        contexts.add(context);
        return attention.output().forwardPlus(pass, context, residual);
    }

    @Override
    public void prepare(Stream stream) {
        attention.prepare(stream);
    }

    @Override
    public double flopsPerToken(double share) {
        return attention.flopsPerToken(share);
    }

    @Override
    public AdaptiveAttention adaptive(Parameters parameters, String path, AdaptiveLayers layers) {
        int heads = attention.heads();
        int unitsOfLearner = AdaptiveAttention.unitsOfLearner(path, hidden, heads, layers.learners());
        var queryKey = new HeadRotation[heads];
        var valueOutput = new HeadRotation[heads];
        for (int head = 0; head < heads; head++) {
            queryKey[head] = HeadRotation.of(projected.second(head, false), projected.second(heads + head, true));
            valueOutput[head] = HeadRotation.of(contexts.second(head, true), outputMoments(head));
        }
        var adaptive = new AdaptiveAttention(
                parameters,
                path,
                heads,
                hidden,
                layers,
                learners(queryKey, unitsOfLearner),
                learners(valueOutput, unitsOfLearner));
        List<Parameter> target = adaptive.learnerParameters();
        String decided = String.join("", layers.attentionGates());
        for (int head = 0; head < heads; head++) {
            rotateColumns(target, head, queryKey[head].left(), decided);
            rotateColumns(target, heads + head, queryKey[head].right(), decided);
            rotateColumns(target, 2 * heads + head, valueOutput[head].left(), decided);
            rotateOutput(target.get(3).value(), head, valueOutput[head].right());
        }
        moveMeans(target, valueOutput, adaptive.valueOutputUnits(), decided.indexOf('o') >= 0);
        List.of(
                        attention.qkv().weight().parameter(),
                        attention.qkv().bias(),
                        attention.output().weight().parameter(),
                        attention.output().bias())
                .forEach(parameters::remove);
        return adaptive;
    }

    /** What a head's columns do in the output: products of the output weight's rows. */
    private double[][] outputMoments(int head) {
        Tensor weight = attention.output().weight().parameter().value();
        var moments = new double[size][size];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                for (int column = 0; column < hidden; column++) {
                    moments[i][j] += (double) weight.get(head * size + i, column) * weight.get(head * size + j, column);
                }
            }
        }
        return moments;
    }

    /** The learner of each unit, head by head: the strongest units of all heads come first. A head's own are in this order already. */
    private int[] learners(HeadRotation[] rotations, int unitsOfLearner) {
        int ofHead = size / AdaptiveAttention.UNIT;
        var strengths = new double[rotations.length * ofHead];
        for (int i = 0; i < hidden; i++) {
            double strength = rotations[i / size].strengths()[i % size];
            strengths[i / AdaptiveAttention.UNIT] += strength * strength;
        }
        int[] order = IntStream.range(0, strengths.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer unit) -> -strengths[unit]))
                .mapToInt(Integer::intValue)
                .toArray();
        var learners = new int[strengths.length];
        for (int rank = 0; rank < order.length; rank++) {
            learners[order[rank]] = rank / unitsOfLearner;
        }
        return learners;
    }

    /**
     * Weight and bias of a head of Q, K or V, counted through, times the rotation. The mean query is {@code rest} from now on; the mean key
     * shifts all scores of a query alike, which softmax does not see; the mean value goes to the output's bias.
     */
    private void rotateColumns(List<Parameter> target, int head, double[][] rotation, String decided) {
        Tensor weight = attention.qkv().weight().parameter().value();
        Tensor bias = attention.qkv().bias().value();
        for (int column = 0; column < size; column++) {
            int to = head * size + column;
            for (int row = 0; row < hidden; row++) {
                double sum = 0;
                for (int i = 0; i < size; i++) {
                    sum += weight.get(row, head * size + i) * rotation[i][column];
                }
                target.get(0).value().set(row, to, (float) sum);
            }
            double full = 0;
            double mean = 0;
            for (int i = 0; i < size; i++) {
                full += bias.get(0, head * size + i) * rotation[i][column];
                mean += projected.mean(head * size + i) * rotation[i][column];
            }
            boolean isQuery = head < attention.heads();
            boolean hasRest = !decided.isEmpty() && !decided.equals("o");
            target.get(1).value().set(0, to, (float) (isQuery && !hasRest ? full : full - mean));
            target.get(2).value().set(0, to, isQuery && hasRest ? (float) mean : 0);
        }
    }

    /** The output weight's rows of a head: {@code rotation^T rows}. */
    private void rotateOutput(Tensor target, int head, double[][] rotation) {
        Tensor weight = attention.output().weight().parameter().value();
        for (int row = 0; row < size; row++) {
            for (int column = 0; column < hidden; column++) {
                double sum = 0;
                for (int i = 0; i < size; i++) {
                    sum += rotation[i][row] * weight.get(head * size + i, column);
                }
                target.set(head * size + row, column, (float) sum);
            }
        }
    }

    /**
     * Adds what the mean value gives to the output's bias. Contexts are then without mean values; what is left of their mean, because tokens look more
     * at some others, goes the same way if O is decided about, and c takes it away again from a learner that runs.
     */
    private void moveMeans(List<Parameter> target, HeadRotation[] rotations, int[] units, boolean decided) {
        Tensor output = target.get(3).value();
        Tensor bias = target.get(4).value();
        Tensor c = target.get(5).value();
        int heads = attention.heads();
        var total = new double[hidden];
        for (int column = 0; column < hidden; column++) {
            total[column] = attention.output().bias().value().get(0, column);
        }
        var contribution = new double[c.rows()][hidden];
        for (int at = 0; at < hidden; at++) {
            int head = at / size;
            double value = 0;
            double context = 0;
            for (int i = 0; i < size; i++) {
                double factor = rotations[head].left()[i][at % size];
                value += projected.mean((2 * heads + head) * size + i) * factor;
                context += contexts.mean(head * size + i) * factor;
            }
            double moved = decided ? context : value;
            for (int column = 0; column < hidden; column++) {
                total[column] += moved * output.get(at, column);
                contribution[units[at / AdaptiveAttention.UNIT]][column] += (moved - value) * output.get(at, column);
            }
        }
        for (int column = 0; column < hidden; column++) {
            bias.set(0, column, (float) total[column]);
            for (int n = 0; n < c.rows(); n++) {
                c.set(n, column, (float) -contribution[n][column]);
            }
        }
    }
}
