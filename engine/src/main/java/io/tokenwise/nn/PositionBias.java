package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/**
 * What attention adds to scores by how far a key is from the query: {@code [heads, 2 * reach + 1]}, from the farthest before to the farthest behind it.
 * Divided by the scale of scores, since it is added before that. One serves all layers of a model.
 */
public final class PositionBias {
    private final Parameter values;
    private final Parameter table;
    private final Positions.Buckets buckets;
    private final double scale;
    private int tableVersion = -1;

    private PositionBias(Parameter values, Parameter table, Positions.Buckets buckets, double scale) {
        this.values = values;
        this.table = table;
        this.buckets = buckets;
        this.scale = scale;
    }

    /**
     * ALiBi (Press et al. 2022), the same to both sides.
     *
     * @param most tokens of a text
     */
    public static PositionBias slopes(Parameters parameters, int heads, int most, double scale) {
        int reach = Math.max(0, most - 1);
        Parameter values = parameters.fixed("position.slopes", heads, 2 * reach + 1);
        try (HostTensor all = values.write()) {
            for (int head = 0; head < heads; head++) {
                double slope = slope(head, heads) / scale;
                for (int distance = -reach; distance <= reach; distance++) {
                    all.set(head, distance + reach, (float) (-Math.abs(distance) * slope));
                }
            }
        }
        values.changed();
        return new PositionBias(values, null, null, scale);
    }

    /** Heads up to a power of two share out 2^-8 and what is above it evenly; the others take every second slope of twice as many. */
    static double slope(int head, int heads) {
        int power = Integer.highestOneBit(heads);
        return head < power
                ? Math.pow(2, -8.0 * (head + 1) / power)
                : Math.pow(2, -8.0 * (2 * (head - power) + 1) / (2 * power));
    }

    /**
     * From a table of buckets, which has no gradient here.
     *
     * @param table {@code [buckets, heads]}
     */
    public static PositionBias buckets(
            Parameters parameters, Parameter table, Positions.Buckets buckets, double scale) {
        int heads = table.value().columns();
        Parameter values = parameters.fixed(table.name() + ".by_distance", heads, 2 * buckets.farthest() + 1);
        return new PositionBias(values, table, buckets, scale);
    }

    /** The bucket of a key so many tokens behind the query: half of them for those before it; near ones have one each, far ones share them by logarithm. */
    static int bucket(Positions.Buckets buckets, int distance) {
        int side = buckets.buckets() / 2;
        int first = distance > 0 ? side : 0;
        int far = Math.abs(distance);
        int exact = side / 2;
        if (far < exact) {
            return first + far;
        }
        // In float step by step, as T5's descendants have it: at a border what it rounds decides.
        float share = (float) Math.log(far / (float) exact) / (float) Math.log((double) buckets.farthest() / exact);
        return first + Math.min(side - 1, exact + (int) (share * (side - exact)));
    }

    /** After the model is loaded or trained. */
    void prepare() {
        if (table == null || tableVersion == table.version()) {
            return;
        }
        try (HostTensor from = table.read();
                HostTensor all = values.write()) {
            int reach = buckets.farthest();
            for (int distance = -reach; distance <= reach; distance++) {
                int bucket = bucket(buckets, distance);
                for (int head = 0; head < all.rows(); head++) {
                    all.set(head, distance + reach, (float) (from.get(bucket, head) / scale));
                }
            }
        }
        values.changed();
        tableVersion = table.version();
    }

    Tensor values() {
        return values.value();
    }

    /** Null for slopes. */
    Parameter table() {
        return table;
    }
}
