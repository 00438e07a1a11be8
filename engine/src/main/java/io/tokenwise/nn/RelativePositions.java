package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.LayerNorms;

/**
 * Vectors of distances between tokens, {@code [2 * buckets, hidden]}, which all layers of a model share (He et al. 2021, section 3.1): a table's, normed. Neither the
 * table nor the norm has a gradient here.
 */
public final class RelativePositions {
    private final Positions.Relative form;
    private final Parameter table;
    private final LayerNorm norm;
    private final Parameter vectors;
    private final int[] rows;
    private int version = -1;

    /** @param table {@code [2 * buckets, hidden]} */
    public RelativePositions(Parameters parameters, Positions.Relative form, Parameter table, LayerNorm norm) {
        this.form = form;
        this.table = table;
        this.norm = norm;
        vectors = parameters.fixed(
                table.name() + ".normed", table.value().rows(), table.value().columns());
        rows = rows(form);
    }

    /** The row of each distance, from that of the farthest key before the query to that of the farthest behind it. */
    static int[] rows(Positions.Relative form) {
        var rows = new int[2 * form.farthest() + 1];
        // The last bucket has no distance but the farthest, however logarithms are rounded.
        rows[0] = 2 * form.buckets() - 1;
        for (int i = 1; i < rows.length - 1; i++) {
            rows[i] = bucket(form, form.farthest() - i) + form.buckets();
        }
        return rows;
    }

    /** Half of the buckets have one distance each, the others share what is farther by logarithm, rounded up. */
    private static int bucket(Positions.Relative form, int behind) {
        int exact = form.buckets() / 2;
        int far = Math.abs(behind);
        if (far <= exact) {
            return behind;
        }
        // In float step by step, as transformers has it: at a border what it rounds decides.
        float share =
                (float) Math.log(far / (float) exact) / (float) Math.log((float) ((form.farthest() - 1.0) / exact));
        return Integer.signum(behind) * (exact + (int) Math.ceil(share * (exact - 1)));
    }

    int[] rows() {
        return rows;
    }

    Parameter table() {
        return table;
    }

    Parameter vectors() {
        return vectors;
    }

    LayerNorm norm() {
        return norm;
    }

    /** After the model is loaded or trained. */
    synchronized void prepare(Stream stream) {
        int now = table.version() + norm.gamma().version() + norm.beta().version();
        if (version != now) {
            LayerNorms.forward(
                    stream,
                    table.value(),
                    norm.gamma().value(),
                    norm.beta().value(),
                    norm.epsilon(),
                    vectors.value(),
                    null);
            vectors.changed();
            version = now;
        }
    }
}
