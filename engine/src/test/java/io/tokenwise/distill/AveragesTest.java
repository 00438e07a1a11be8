package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.tensor.HostTensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AveragesTest {
    /** By worker. The first sum has no float: in floats it would be 2^24. */
    private static final float[][] TRAINED = {{1 << 24, 0.1f, -3}, {1, 0.7f, 5}, {1, 0.3f, 1e-30f}};

    private static final float[][] LATER = {{1, 2, 3}, {2, 4, 6}, {6, 6, 0}};

    @TempDir
    Path folder;

    @Test
    void allGetTheMeanOfWhatHasBeenTrained() throws Exception {
        var room = new WorkersTest.Room(TRAINED.length, WorkersTest.NEVER);
        room.run(this::average);
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .as("each has deleted its first")
                    .hasSize(TRAINED.length)
                    .allMatch(name -> name.matches("average-.*-40-[012]"));
        }
    }

    private void average(int rank, Workers.Meeting meeting) throws Exception {
        try (Backend backend = VectorBackend.open(1);
                var all = new Parameters(backend)) {
            Parameter one = all.add("one", 1, 2);
            Parameter other = all.add("other", 1, 1);
            Parameter later = all.add("later", 1, 3);
            var trained = new AdamW(all, List.of(one, other), 1, 0);
            var notYet = new AdamW(all, List.of(later), 1, 0);
            set(one, TRAINED[rank], 0);
            set(other, TRAINED[rank], 2);
            set(later, LATER[rank], 0);
            trained.step(1);
            int version = one.version();
            Averages averages = Averages.begin(new Workers(rank, TRAINED.length, 20, meeting), folder);

            averages.take(List.of(notYet, trained), 20);
            assertThat(values(one)).containsExactly(mean(TRAINED, 0), mean(TRAINED, 1));
            assertThat(values(one)[0]).isEqualTo(5592406f);
            assertThat(values(other)).containsExactly(mean(TRAINED, 2));
            assertThat(one.version()).as("packed forms are made anew").isGreaterThan(version);
            assertThat(values(later)).as("not trained yet").containsExactly(LATER[rank]);

            notYet.step(1);
            averages.take(List.of(notYet, trained), 40);
            assertThat(values(later)).containsExactly(3, 4, 3);
            assertThat(values(one)[0]).as("the mean of equal ones").isEqualTo(5592406f);
        }
    }

    private static float mean(float[][] of, int column) {
        return (float) (((double) of[0][column] + of[1][column] + of[2][column]) / 3);
    }

    private static void set(Parameter parameter, float[] values, int from) {
        try (HostTensor tensor = parameter.write()) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.set(i, values[from + i]);
            }
        }
        parameter.changed();
    }

    private static float[] values(Parameter parameter) {
        try (HostTensor tensor = parameter.read()) {
            var values = new float[Math.toIntExact(tensor.size())];
            tensor.copyRow(0, values, 0);
            return values;
        }
    }
}
