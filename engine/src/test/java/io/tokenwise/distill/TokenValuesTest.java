package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.HuggingFaceTensors;
import io.tokenwise.TestModels;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenValuesTest {
    @TempDir
    private Path folder;

    /** A BERT to which places say nothing, so that it reads a text without a token as measuring does: nobody moves up. */
    private void writeWithoutPlaces() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            var tensors = TestModels.weights(arena, HuggingFaceTensors.of(TestModels.SMALL), 0.3);
            tensors.get("embeddings.position_embeddings.weight").floats().fill((byte) 0);
            TestModels.write(folder, TestModels.DESCRIPTION, tensors);
        }
    }

    /** Of the shorter texts each inner token is left out, of the longer some. */
    @Test
    void aTokenIsWorthHowFarTheTeacherMovesThatReadsTheTextWithoutIt() throws Exception {
        writeWithoutPlaces();
        List<int[]> texts = TestModels.sequences(9, 30, 5);
        int perText = 12;
        try (ModelFiles files = Models.open(folder);
                Backend backend = VectorBackend.open(1);
                Encoder teacher = Encoder.load(files, backend);
                Encoder student = TestModels.shortPath(files, backend);
                Workspace workspace = backend.workspace(1L << 26)) {
            ShortPlans plans = student.leaving().orElseThrow().plans();
            var pass = new Pass(backend.stream(), workspace);
            var batch = new TokenBatch();
            texts.forEach(text -> teacher.add(batch, text));
            float[] values = new TokenValues(teacher, plans, perText, 1).measure(pass, batch, new SplittableRandom(5));
            for (int text = 0; text < texts.size(); text++) {
                int[] ids = texts.get(text);
                float[] whole = forward(teacher, pass, ids);
                int measured = 0;
                for (int place = 0; place < ids.length; place++) {
                    float value = values[batch.offsets()[text] + place];
                    if (!Float.isNaN(value)) {
                        measured++;
                        float[] without = forward(teacher, pass, without(ids, place));
                        double loss = TokenValues.loss(teacher.description(), without, whole, 1);
                        assertThat(value).as("text %d, token %d", text, place).isEqualTo((float)
                                Math.log(ids.length * Math.max(TokenValues.LEAST_LOSS, loss)));
                    }
                }
                assertThat(measured).isEqualTo(Math.min(ids.length - plans.first() - plans.last(), perText));
            }
        }
    }

    private static int[] without(int[] ids, int place) {
        return IntStream.range(0, ids.length)
                .filter(each -> each != place)
                .map(each -> ids[each])
                .toArray();
    }

    private static float[] forward(Encoder teacher, Pass pass, int[] ids) {
        var batch = new TokenBatch();
        teacher.add(batch, ids);
        try (HostTensor y = pass.stream().read(teacher.forward(pass.begin(Budget.FULL), batch))) {
            var row = new float[y.columns()];
            y.copyRow(0, row, 0);
            return row;
        }
    }
}
