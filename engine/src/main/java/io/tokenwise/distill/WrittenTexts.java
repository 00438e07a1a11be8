package io.tokenwise.distill;

import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The texts that a speech model writes of recordings at full budget: what its students' decoders, and its own, are given to predict (teacher forcing). Each
 * is written once, when it is first asked for. Not thread-safe.
 */
final class WrittenTexts implements AutoCloseable {
    private final Encoder model;
    private final Workspace workspace;
    private final Pass pass;
    private final Map<IntBuffer, int[]> known = new HashMap<>();

    WrittenTexts(Encoder model, Backend backend) {
        this.model = model;
        workspace = backend.workspace(Long.MAX_VALUE);
        pass = new Pass(backend.stream(), workspace);
    }

    /** One for each recording: the token that begins it, and its tokens without the one that ends it; after each the next one is to be predicted. */
    TokenBatch of(TokenBatch recordings) {
        var texts = new TokenBatch();
        for (int i = 0; i < recordings.sequences(); i++) {
            int[] recording = Arrays.copyOfRange(
                    recordings.inputs(),
                    recordings.inputOffsets()[i],
                    recordings.inputOffsets()[i + 1]);
            texts.add(known.computeIfAbsent(IntBuffer.wrap(recording), _ -> write(recording)));
        }
        return texts;
    }

    private int[] write(int[] recording) {
        var batch = new TokenBatch();
        model.add(batch, recording);
        Tensor frames = model.tokens(pass.begin(Budget.FULL), batch);
        int[] written = model.decoder().write(pass, frames, recording.length);
        var text = new int[written.length + 1];
        text[0] = model.decoder().begin();
        System.arraycopy(written, 0, text, 1, written.length);
        return text;
    }

    @Override
    public void close() {
        workspace.close();
    }
}
