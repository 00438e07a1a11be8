package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.Routings;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Routing;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Scales;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@link AdaptiveAttention} in inference: only what tokens have is computed, of groups of them that have the same learners. Attention reads the columns
 * where they lie, or, where positions are rotary or keys are remembered, they are gathered for the dense block's.
 */
final class GroupedAttention {
    private final ProjectedAttention dense;
    private final AttentionUnits units;
    private final List<Acm> acms;

    /** Q, K and V by who decides about them. */
    private final List<AttentionInput> inputs = new ArrayList<>();

    private final AttentionOutput output;

    /** Where attention finds its columns; null if they are gathered for it. */
    private final AttentionLayout layout;

    /** The same where Q, K and V come from the dense block's one product; null if they are gathered. */
    private final AttentionLayout wholeLayout;

    /** For each unit of the context in the order of learners its first column there, head by head; null with a layout. */
    private final int[] contextUnits;

    GroupedAttention(AttentionLearners learned, List<Acm> acms) {
        dense = learned.dense();
        units = learned.units();
        this.acms = acms;
        for (int i = 0; i < units.gates(); i++) {
            if (units.hasInputs(i)) {
                inputs.add(new AttentionInput(learned, columns(units.ofInputs(i), i)));
            }
        }
        int[] undecided = Arrays.stream(units.ofInputs())
                .map(learner -> learner < 0 ? 0 : -1)
                .toArray();
        if (Arrays.stream(undecided).anyMatch(learner -> learner >= 0)) {
            inputs.add(new AttentionInput(learned, columns(undecided, -1)));
        }
        int decision = units.outputGate();
        LearnerColumns ofContext =
                columns(decision < 0 ? new int[units.ofContext().length] : units.ofContext(), decision);
        output = new AttentionOutput(learned, ofContext);
        boolean gathered = !dense.readsColumnsAnywhere();
        layout = gathered ? null : new AttentionLayout(starts(0), starts(1), starts(2), ofContext.starts());
        wholeLayout =
                gathered ? null : new AttentionLayout(sideBySide(0), sideBySide(1), sideBySide(2), ofContext.starts());
        contextUnits = gathered ? inverse(ofContext.starts()) : null;
    }

    /** What nobody decides about (-1) is one learner, which all tokens have. */
    private LearnerColumns columns(int[] learnerOfUnit, int decision) {
        return decision < 0
                ? LearnerColumns.of(units.width(), learnerOfUnit, 1, decision, null)
                : LearnerColumns.of(units.width(), learnerOfUnit, units.learners(), decision, acms.get(decision));
    }

    /** First columns of the units of one of Q, K and V (0, 1, 2), by heads of queries. */
    private int[] starts(int projection) {
        int[] starts = inputs.stream()
                .filter(part -> part.has(projection))
                .findFirst()
                .orElseThrow()
                .starts(projection);
        return projection == 0 ? starts : units.byHead(starts);
    }

    /** The same where the dense block has them. */
    private int[] sideBySide(int projection) {
        int[] starts = IntStream.range(units.firstOf(projection), units.firstOf(projection + 1))
                .map(unit -> unit * units.width())
                .toArray();
        return projection == 0 ? starts : units.byHead(starts);
    }

    /** Where units begin, of the places that begin at these: {@code inverse[starts[u] / width] = u * width}. */
    private int[] inverse(int[] starts) {
        var inverse = new int[starts.length];
        for (int u = 0; u < starts.length; u++) {
            inverse[starts[u] / units.width()] = u * units.width();
        }
        return inverse;
    }

    void prepare(Stream stream) {
        for (int i = 0; i < inputs.size(); i++) {
            inputs.get(i).prepare(stream);
        }
        dense.preparePositions(stream);
        // A batch of rows with all learners has the dense product, others have those of the inputs, some routed.
        dense.qkv().weight().prepare(stream).alsoRouted();
        output.prepare(stream);
        for (int i = 0; i < acms.size(); i++) {
            acms.get(i).prepare();
        }
    }

    /** See {@link AdaptiveBlock#infer}. */
    Tensor infer(Pass pass, Tensor x, Tensor residual) {
        Tensor y = pass.tensor(x.rows(), units.hidden());
        pass.push();
        boolean whole = choose(pass, x);
        Tensor context = pass.tensor(x.rows(), units.queryColumns());
        pass.push();
        if (layout == null) {
            Tensor projected = whole ? dense.qkv().forward(pass, x) : gathered(pass, x);
            Scales.gather(pass.stream(), dense.attend(pass, projected), contextUnits, units.width(), context);
        } else if (whole) {
            Tensor qkv = dense.qkv().forward(pass, x);
            attend(pass, qkv, qkv, qkv, wholeLayout, context);
        } else {
            attend(pass, x, context);
        }
        pass.pop();
        output.run(pass, context, residual, y);
        pass.pop();
        return y;
    }

    /** Groups the tokens for each module; whether all of them have all learners. */
    private boolean choose(Pass pass, Tensor x) {
        boolean whole = true;
        for (int i = 0; i < acms.size(); i++) {
            Routing routing = Routings.of(pass, i);
            acms.get(i).choose(pass, x, routing);
            whole &= routing.isWhole();
        }
        return whole;
    }

    private void attend(Pass pass, Tensor x, Tensor context) {
        Tensor query = null;
        Tensor key = null;
        Tensor value = null;
        for (int i = 0; i < inputs.size(); i++) {
            AttentionInput input = inputs.get(i);
            Tensor columns = input.run(pass, x);
            query = input.has(0) ? columns : query;
            key = input.has(1) ? columns : key;
            value = input.has(2) ? columns : value;
        }
        attend(pass, query, key, value, layout, context);
    }

    private void attend(Pass pass, Tensor query, Tensor key, Tensor value, AttentionLayout columns, Tensor context) {
        TokenBatch batch = pass.batch();
        io.tokenwise.op.SelfAttention.forward(
                pass.stream(), query, key, value, columns, batch.offsets(), batch.sequences(), dense.heads(), context);
    }

    /** Q, K and V as the dense block's product gives them. */
    private Tensor gathered(Pass pass, Tensor x) {
        Tensor projected = pass.tensor(x.rows(), units.inputColumns());
        for (int i = 0; i < inputs.size(); i++) {
            AttentionInput input = inputs.get(i);
            Scales.gather(pass.stream(), input.run(pass, x), input.starts(), units.width(), projected);
        }
        return projected;
    }
}
