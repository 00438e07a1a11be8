package io.tokenwise.bench;

import io.tokenwise.api.Budget;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/**
 * A Moonshine in our own engine at a budget.
 *
 * @param pass in which it computes; others may share it in turn
 */
record OwnSpeech(String name, Encoder model, Pass pass, Budget budget) implements SpeechContender {
    @Override
    public void encode(float[] samples) {
        frames(samples);
    }

    @Override
    public int write(float[] samples) {
        return model.writer().write(pass, frames(samples), samples.length).length;
    }

    private Tensor frames(float[] samples) {
        var bits = new int[samples.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(samples[i]));
        var batch = new TokenBatch();
        model.add(batch, bits);
        return model.tokens(pass.begin(budget), batch);
    }
}
