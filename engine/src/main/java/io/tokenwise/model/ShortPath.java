package io.tokenwise.model;

import io.tokenwise.acm.Leaving;
import io.tokenwise.acm.StayingRows;
import io.tokenwise.acm.Width;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * The way through a model for inputs whose budget is less than all: tokens leave, and layers that learnt to do without them run over the others. At full budget the
 * dense model's own layers run.
 *
 * @param wide layers of the dense ones' sizes
 * @param narrow layers whose MLPs have half of the units, or a quarter
 * @param summaries {@code [hidden, hidden]}, of the wide and of the narrow layers: what a pooled vector gets of the mean of an input's embeddings, in proportion to what left
 */
record ShortPath<L>(Leaving leaving, List<L> wide, List<L> narrow, List<Linear> summaries) {
    /** From pooled vectors {@code [inputs, hidden]} of the tokens that stayed those with what left; those of the dense layers are left as they are. */
    Tensor addSummary(Pass pass, Tensor pooled) {
        StayingRows staying = StayingRows.of(pass);
        if (staying.width() == Width.DENSE) {
            return pooled;
        }
        Linear summary = summaries.get(staying.width().isNarrow() ? 1 : 0);
        return summary.forwardPlus(pass, staying.summary(), pooled);
    }

    /** Brings gate and summaries, but not the layers, into the form that inference needs. */
    void prepare(Stream stream) {
        leaving.gate().prepare(stream);
        summaries.forEach(summary -> summary.weight().prepare(stream));
    }
}
