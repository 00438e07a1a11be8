package io.tokenwise.acm.make;

import io.tokenwise.acm.block.AdaptiveAttention;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.block.AttentionUnits;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Self-attention that sums up first and second moments, head by head, of its queries, keys and contexts. Heads of queries that share keys and values share the rotation of
 * V and O too, which suits all of their contexts together.
 */
final class MeasuredAttention implements Measured {
    private final ProjectedAttention attention;
    private final int hidden;
    private final int heads;
    private final int keyHeads;

    /** How many heads of queries share a head of keys and values. */
    private final int sharing;

    private final int size;
    private final int unit;
    private final Moments projected;
    private final Moments contexts;

    MeasuredAttention(ProjectedAttention attention) {
        this.attention = attention;
        hidden = attention.output().weight().outputs();
        heads = attention.heads();
        keyHeads = attention.keyHeads();
        sharing = heads / keyHeads;
        size = attention.queryColumns() / heads;
        unit = AttentionUnits.width(attention);
        projected = new Moments((heads + 2 * keyHeads) * size, size);
        contexts = new Moments(heads * size, size);
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

        void add(Pass pass, Tensor x) {
            var row = new double[sums.length];
            try (HostTensor values = pass.stream().read(x)) {
                for (int i = 0; i < x.rows(); i++) {
                    for (int column = 0; column < row.length; column++) {
                        row[column] = values.get(i, column);
                        sums[column] += row[column];
                    }
                    for (int head = 0; head < products.length; head++) {
                        addProducts(row, head * size, products[head]);
                    }
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
        projected.add(pass, qkv);
        Tensor context = attention.attend(pass, qkv);
        contexts.add(pass, context);
        return attention.output().forwardPlus(pass, context, residual);
    }

    @Override
    public AdaptiveAttention adaptive(Parameters parameters, String path, AdaptiveLayers layers) {
        int unitsOfLearner = AttentionUnits.ofLearner(path, attention, layers);
        var queryKey = new HeadRotation[attention.cutsQueries() ? heads : 0];
        var valueOutput = new HeadRotation[keyHeads];
        for (int head = 0; head < queryKey.length; head++) {
            queryKey[head] = HeadRotation.ofRotary(
                    projected.second(head, false), projected.second(heads + head, true), attention.rotated());
        }
        try (HostTensor output = attention.output().weight().parameter().read()) {
            for (int head = 0; head < keyHeads; head++) {
                valueOutput[head] = ofValues(output, head);
            }
        }
        rotate(queryKey, valueOutput);
        var adaptive = new AdaptiveAttention(
                parameters,
                path,
                attention,
                layers,
                learners(queryKey, unitsOfLearner),
                learners(valueOutput, unitsOfLearner));
        moveMeans(adaptive, queryKey, valueOutput);
        Measured.copyDense(adaptive, parameters.backend());
        setBiases(adaptive, String.join("", layers.attentionGates()));
        adaptive.denseParameters().forEach(Parameter::changed);
        return adaptive;
    }

    /** Of a head of V and of O's rows of all heads that share it. */
    private HeadRotation ofValues(HostTensor output, int head) {
        double[][] ofContexts = contexts.second(head * sharing, true);
        double[][] ofOutput = new double[size][size];
        addOutputMoments(output, head * sharing, ofOutput);
        for (int shared = 1; shared < sharing; shared++) {
            double[][] more = contexts.second(head * sharing + shared, true);
            for (int i = 0; i < size; i++) {
                for (int j = 0; j < size; j++) {
                    ofContexts[i][j] += more[i][j];
                }
            }
            addOutputMoments(output, head * sharing + shared, ofOutput);
        }
        return HeadRotation.of(ofContexts, ofOutput);
    }

    /** What a head's columns do in the output: products of the output weight's rows. */
    private void addOutputMoments(HostTensor weight, int head, double[][] moments) {
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                for (int column = 0; column < hidden; column++) {
                    moments[i][j] += (double) weight.get(head * size + i, column) * weight.get(head * size + j, column);
                }
            }
        }
    }

    /** The learner of each unit, head by head: the strongest units of all heads come first. */
    private int[] learners(HeadRotation[] rotations, int unitsOfLearner) {
        int ofHead = size / unit;
        var strengths = new double[rotations.length * ofHead];
        for (int i = 0; i < rotations.length * size; i++) {
            double strength = rotations[i / size].strengths()[i % size];
            strengths[i / unit] += strength * strength;
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

    private void rotate(HeadRotation[] queryKey, HeadRotation[] valueOutput) {
        try (HostTensor weight = attention.qkv().weight().parameter().write();
                HostTensor bias = write(attention.qkv().bias());
                HostTensor output = attention.output().weight().parameter().write()) {
            for (int head = 0; head < queryKey.length; head++) {
                rotateColumns(weight, bias, head, queryKey[head].left());
                rotateColumns(weight, bias, heads + head, queryKey[head].right());
            }
            for (int head = 0; head < keyHeads; head++) {
                rotateColumns(weight, bias, heads + keyHeads + head, valueOutput[head].left());
            }
            for (int head = 0; head < heads; head++) {
                rotateOutput(output, head, valueOutput[head / sharing].right());
            }
        }
    }

    /** Null of a bias that there is not. */
    private static HostTensor write(Parameter bias) {
        return bias == null ? null : bias.write();
    }

    /** Weight and bias of a head of Q, K or V, counted through, times the rotation. */
    private void rotateColumns(HostTensor weight, HostTensor bias, int head, double[][] rotation) {
        for (int row = 0; row < hidden; row++) {
            rotate(weight, row, head * size, rotation);
        }
        if (bias != null) {
            rotate(bias, 0, head * size, rotation);
        }
    }

    /** {@code size} values of a row times the rotation. */
    private void rotate(HostTensor values, int row, int from, double[][] rotation) {
        var rotated = new double[size];
        for (int i = 0; i < size; i++) {
            double value = values.get(row, from + i);
            for (int column = 0; column < size; column++) {
                rotated[column] += value * rotation[i][column];
            }
        }
        for (int column = 0; column < size; column++) {
            values.set(row, from + column, (float) rotated[column]);
        }
    }

    /** The output weight's rows of a head: {@code rotation^T rows}. */
    private void rotateOutput(HostTensor weight, int head, double[][] rotation) {
        for (int column = 0; column < hidden; column++) {
            var rotated = new double[size];
            for (int i = 0; i < size; i++) {
                double value = weight.get(head * size + i, column);
                for (int row = 0; row < size; row++) {
                    rotated[row] += rotation[i][row] * value;
                }
            }
            for (int row = 0; row < size; row++) {
                weight.set(head * size + row, column, (float) rotated[row]);
            }
        }
    }

    /** A sum over a head's columns before the rotation, of which it makes the value of a column after it. */
    private double mean(Moments moments, int head, int ofRotation, HeadRotation[] rotations, boolean left, int column) {
        double[][] rotation = left ? rotations[ofRotation].left() : rotations[ofRotation].right();
        double mean = 0;
        for (int i = 0; i < size; i++) {
            mean += moments.mean(head * size + i) * rotation[i][column];
        }
        return mean;
    }

    /**
     * Takes the mean key and the mean value out of the projections: the mean key shifts all scores of a query alike, which softmax does not see;
     * the mean value goes to the output's bias. Where positions are rotary, so that a mean key's scores differ, all three means are {@code rest} instead.
     */
    private void moveMeans(AdaptiveAttention adaptive, HeadRotation[] queryKey, HeadRotation[] valueOutput) {
        int firstValue = (heads + keyHeads) * size;
        boolean rests = adaptive.keepsRests();
        var moved = new double[keyHeads * size];
        try (HostTensor rest = adaptive.rest().write();
                HostTensor bias = rests ? null : attention.qkv().bias().write()) {
            for (int at = 0; at < queryKey.length * size; at++) {
                int head = at / size;
                rest.set(0, at, (float) mean(projected, head, head, queryKey, true, at % size));
                double key = mean(projected, heads + head, head, queryKey, false, at % size);
                move(heads * size + at, key, rest, bias);
            }
            for (int at = 0; at < moved.length; at++) {
                int head = at / size;
                double value = mean(projected, heads + keyHeads + head, head, valueOutput, true, at % size);
                move(firstValue + at, value, rest, bias);
                moved[at] = rests ? 0 : value;
            }
        }
        setOutputBiases(adaptive, valueOutput, moved);
    }

    /** Takes a column's mean out of the bias, or, where there is none to take it from, makes it what rests. */
    private static void move(int column, double mean, HostTensor rest, HostTensor bias) {
        if (bias == null) {
            rest.set(0, column, (float) mean);
        } else {
            bias.set(0, column, (float) (bias.get(0, column) - mean));
        }
    }

    /**
     * Gives the output's bias what moved from the values, and c the mean of what a token lacks without a learner.
     *
     * @param moved of the mean of each of the values' columns
     */
    private void setOutputBiases(AdaptiveAttention adaptive, HeadRotation[] valueOutput, double[] moved) {
        int[] units = adaptive.units().ofContext();
        var total = new double[hidden];
        var rest = new double[hidden];
        try (HostTensor output = attention.output().weight().parameter().read();
                HostTensor bias = write(attention.output().bias());
                HostTensor c = adaptive.learnerParameters().get(3).write()) {
            for (int at = 0; at < heads * size; at++) {
                int head = at / size;
                double context = mean(contexts, head, head / sharing, valueOutput, true, at % size);
                double value = moved[head / sharing * size + at % size];
                int learner = units[at / unit];
                for (int column = 0; column < hidden; column++) {
                    total[column] += value * output.get(at, column);
                    double left = (context - value) * output.get(at, column);
                    rest[column] += left;
                    if (learner < c.rows() - 1) {
                        c.set(learner + 1, column, (float) (c.get(learner + 1, column) - left));
                    }
                }
            }
            for (int column = 0; column < hidden; column++) {
                double full = total[column] + (bias == null ? 0 : bias.get(0, column));
                if (bias != null) {
                    bias.set(0, column, (float) full);
                }
                c.set(0, column, (float) (full + rest[column]));
            }
        }
    }

    /** What the learners' bias of Q, K and V starts with, as far as a module decides about them; that of the last learner stays 0. What no module decides about has no rest. */
    private void setBiases(AdaptiveAttention adaptive, String decided) {
        int last = adaptive.acms().getFirst().learners() - 1;
        Parameter ofDense = attention.qkv().bias();
        try (HostTensor bias = adaptive.learnerParameters().get(1).write();
                HostTensor rest = adaptive.rest().write();
                HostTensor dense = ofDense == null ? null : ofDense.read()) {
            int first = 0;
            for (int projection = 0; projection < 3; projection++) {
                boolean isDecided = decided.indexOf(AdaptiveLayers.PROJECTIONS.charAt(projection)) >= 0;
                int[] units = projection < 2
                        ? adaptive.units().queryKey()
                        : adaptive.units().valueOutput();
                int columns = (projection == 0 ? heads : keyHeads) * size;
                for (int at = first; at < first + columns; at++) {
                    if (!isDecided) {
                        rest.set(0, at, 0);
                    } else if (units[(at - first) / unit] < last) {
                        bias.set(0, at, (dense == null ? 0 : dense.get(0, at)) - rest.get(0, at));
                    }
                }
                first += columns;
            }
        }
    }
}
