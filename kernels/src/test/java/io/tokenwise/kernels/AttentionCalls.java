package io.tokenwise.kernels;

import io.tokenwise.kernels.SequenceOps.AttentionCall;

/** What tests of attention's forms do alike. */
final class AttentionCalls {
    private AttentionCalls() {}

    /** Says where texts of these lengths begin, and their probabilities; after the call knows its heads. */
    static void texts(AttentionCall call, int... lengths) {
        call.offsets = new int[lengths.length + 1];
        call.probabilityOffsets = new long[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            call.offsets[i + 1] = call.offsets[i] + lengths[i];
            call.probabilityOffsets[i + 1] = call.probabilityOffsets[i] + (long) call.heads * lengths[i] * lengths[i];
        }
    }

    /** Every head of every text. */
    static void run(Kernels set, AttentionCall call, boolean backward, Scratch scratch) {
        for (int sequence = 0; sequence < call.offsets.length - 1; sequence++) {
            for (int head = 0; head < call.heads; head++) {
                if (backward) {
                    set.sequences().attentionBackward(call, sequence, head, scratch);
                } else {
                    set.sequences().attention(call, sequence, head, scratch);
                }
            }
        }
    }
}
