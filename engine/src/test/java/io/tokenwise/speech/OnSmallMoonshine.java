package io.tokenwise.speech;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestMoonshines;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Choices;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What tests of a small Moonshine share: its files, a backend and a pass, recordings, and what is written of them. */
abstract class OnSmallMoonshine {
    static final int MOST_TOKENS = 12;
    static final int LEARNERS = 4;

    @TempDir
    Path folder;

    final Backend backend = VectorBackend.open(2);
    final Workspace workspace = new Workspace(HostMemory::allocate, 1L << 28);
    final Pass pass = new Pass(backend.stream(), workspace);
    Path dense;

    @BeforeEach
    void write() throws IOException {
        dense = folder.resolve("dense");
        TestMoonshines.writeSmall(dense);
    }

    @AfterEach
    void close() {
        workspace.close();
        backend.close();
    }

    final Encoder load(Path directory) throws IOException {
        try (ModelFiles files = Models.open(directory)) {
            return Encoder.load(files, backend);
        }
    }

    static TokenBatch recordings(Encoder model, int... seeds) {
        var batch = new TokenBatch();
        for (int seed : seeds) {
            model.add(batch, TestMoonshines.bits(TestMoonshines.noise(.4 + .1 * seed, seed)));
        }
        return batch;
    }

    private static int[] begun(int[] text) {
        var begun = new int[text.length + 1];
        begun[0] = MoonshineArchitecture.BEGIN;
        System.arraycopy(text, 0, begun, 1, text.length);
        return begun;
    }

    /** What each of two recordings is written as at a budget, one after the other. */
    final TokenBatch written(Encoder model, Budget budget) {
        var texts = new TokenBatch();
        for (int seed = 1; seed <= 2; seed++) {
            Tensor frames = model.tokens(pass.begin(budget), recordings(model, seed));
            texts.add(begun(model.decoder().writeAtMost(pass, frames, MOST_TOKENS)));
        }
        return texts;
    }

    /** Both recordings at once, their texts given: the likeliest next tokens are those that are written. */
    final void assertPredicted(Encoder model, Budget budget) {
        TokenBatch texts = written(model, budget);
        TokenBatch recordings = recordings(model, 1, 2);
        Tensor frames = model.tokens(pass.begin(budget), recordings);
        Tensor logits = model.decoder().logits(pass, frames, recordings, texts);
        for (int text = 0; text < 2; text++) {
            for (int i = texts.offsets()[text]; i < texts.offsets()[text + 1]; i++) {
                int next = Choices.argmax(backend.stream(), logits, i);
                boolean last = i + 1 == texts.offsets()[text + 1];
                if (!last) {
                    assertThat(next).as("text %d, token %d", text, i).isEqualTo(texts.inputs()[i + 1]);
                } else if (texts.length(text) <= MOST_TOKENS) {
                    assertThat(next).isEqualTo(MoonshineArchitecture.END);
                }
            }
        }
        assertThat(texts.tokens()).isGreaterThan(6);
    }

    static float[] values(Tensor tensor) {
        var values = new float[tensor.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.floats().get(i);
        }
        return values;
    }
}
