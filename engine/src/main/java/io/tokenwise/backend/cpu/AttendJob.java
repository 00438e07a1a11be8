package io.tokenwise.backend.cpu;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SpeechOps;
import io.tokenwise.kernels.SpeechOps.AttendCall;
import io.tokenwise.tensor.Tensor;

/** Attention over other rows, cut by head and sequence, which are independent of each other. Public for package op. */
public final class AttendJob extends Job {
    private final AttendCall call = new AttendCall();
    private boolean backward;

    private final SpeechOps kernels;
    private int sequences;

    AttendJob(SpeechOps kernels) {
        this.kernels = kernels;
    }

    /** Takes the operands of both directions; contexts or their gradients are set by the caller. */
    public void prepare(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor contexts, Tensor probabilities) {
        sequences = rows.sequences();
        call.queries = queries.floats();
        call.queryStride = queries.columns();
        call.keysValues = keysValues.floats();
        call.keyStride = keysValues.columns();
        call.keyColumn = rows.keyColumn();
        call.queryOffsets = rows.queryOffsets();
        call.keyOffsets = rows.keyOffsets();
        call.heads = rows.heads();
        call.headSize = contexts.columns() / rows.heads();
        call.scale = (float) (1 / Math.sqrt(call.headSize));
        call.causal = rows.causal();
        call.probabilities = probabilities.floats();
        call.probabilityOffsets = rows.probabilityOffsets();
    }

    /** What was prepared goes forward. */
    public void contexts(Tensor contexts) {
        call.contexts = contexts.floats();
        backward = false;
    }

    /** What was prepared goes backward: from the gradient of the contexts to those of queries, and of keys and values. */
    public void gradients(Tensor dContexts, Tensor dQueries, Tensor dKeysValues) {
        call.dContexts = dContexts.floats();
        call.dQueries = dQueries.floats();
        call.dKeysValues = dKeysValues.floats();
        backward = true;
    }

    int tasks() {
        return sequences * call.heads;
    }

    @Override
    protected void run(int task, Scratch scratch) {
        int sequence = task / call.heads;
        int head = task % call.heads;
        if (backward) {
            kernels.attendBackward(call, sequence, head, scratch);
        } else {
            kernels.attend(call, sequence, head);
        }
    }
}
