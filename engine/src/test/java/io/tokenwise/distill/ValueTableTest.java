package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValueTableTest {
    @TempDir
    Path folder;

    @Test
    void holdsTheMeanOfWhatTheGateSaysOfATokenLessForFrequentOnes() throws Exception {
        TestModels.write(folder, TestModels.WIDER);
        List<int[]> texts = List.of(new int[] {1, 7, 8, 2}, new int[] {1, 7, 9, 10, 2});
        try (ModelFiles files = Models.open(folder);
                Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(files, backend);
                var workspace = new Workspace(HostMemory::allocate, 1 << 24)) {
            ValueTable.fill(model, backend, texts);
            var batch = new TokenBatch();
            texts.forEach(text -> model.add(batch, text));
            var pass = new Pass(backend.stream(), workspace).begin(Budget.FULL);
            Tensor values = model.leaving().orElseThrow().gate().values(pass, model.embeddings(pass, batch));
            double mean = 0;
            for (int row : new int[] {1, 2, 5, 6, 7}) {
                mean += values.host().get(row, 0) / 5;
            }
            Tensor table = model.leaving().orElseThrow().gate().table().value();
            assertThat((double) table.host().get(0, 7))
                    .isCloseTo(
                            (values.host().get(1, 0) + values.host().get(5, 0) + 2 * mean) / 4 - 0.3 * Math.log(3),
                            Offset.offset(1e-5));
            assertThat((double) table.host().get(0, 8))
                    .isCloseTo((values.host().get(2, 0) + 2 * mean) / 3 - 0.3 * Math.log(2), Offset.offset(1e-5));
            assertThat((double) table.host().get(0, 11))
                    .as("a token that no text has")
                    .isCloseTo(mean, Offset.offset(1e-5));
            assertThat(model.leaving().orElseThrow().plans().leastWorth().tokens())
                    .isEqualTo(StayGate.TABLE_TOKENS);
        }
    }
}
